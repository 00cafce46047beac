/**
 * Trains the embedded language model `tiny` from nothing: a small Qwen3-architecture decoder on made-up shop talk, by the
 * next token and by pairs of texts that say the same.
 *
 *   npm run train-tiny-llm -w examples -- FOLDER [STEPS]
 *
 * The text shares the simulated shop's words but no item and no user; a third of the facet values never occur in it, and
 * related values occur side by side, so that they come to lie near each other. The embedded model was made by this
 * script with its defaults: see docs/tiny-llm.md.
 */
import { Random } from '@coco-rec/core';
import { pretrain, shopSentences, shopTextPairs, startEngine } from '@coco-rec/standard';

const [folder = 'models/tiny', steps = '700'] = process.argv.slice(2);
const pairsPerStep = 96;
const { detail } = await startEngine('auto');
const random = new Random(20_240);
const made = await pretrain(folder, {
  texts: shopSentences(random.derive('training'), 60_000),
  heldOutTexts: shopSentences(random.derive('held out'), 2_000),
  pairs: shopTextPairs(random.derive('pairs'), pairsPerStep * Number(steps)),
  pairsPerStep,
  hiddenSize: 192,
  numLayers: 2,
  batchSize: 8,
  steps: Number(steps),
  seed: 1,
  progress: {
    report: (name, done, total, note) => {
      if (done % 50 === 0 || done === total) console.log(`${name}: ${done} of ${total}, ${note ?? ''}`);
    },
    log: (line) => console.log(line),
  },
});
console.log(
  `${made.parameterCount} parameters, ${made.trainTokens} tokens, perplexity ${made.perplexity.toFixed(2)} on ` +
    `sentences not trained on, ${Math.round(made.seconds)} seconds on ${detail}. Written: ${folder}`,
);
