import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { Parameters, Random, constant, normal } from '@coco-rec/core';
import { makeWeights } from '../decoder/decoder-weights.js';
import { LocalDecoder } from '../decoder/local-decoder.js';
import type { ModelConfig } from '../model-config.js';
import { openModel } from '../open-model.js';
import { rejectsPlainly } from '../testing/complaints.js';
import { closeTo, decoderOf, largestDifference, statesOf } from '../testing/states.js';
import { startTestEngine } from '../testing/test-engine.js';
import { TemporaryFolder } from '../testing/temporary-folder.js';
import { tinyConfig, tinyTokenizerJson } from '../testing/tiny-llama.js';
import { type PairIds, pairLoss } from './pair-loss.js';
import { type PretrainOptions, pretrain } from './pretrain.js';
import { writeModel } from './write-model.js';

/** Sentences of one grammar: what stands where is learnt fast, which word it is cannot be known. */
function sentences(count: number, seed: number): string[] {
  const random = new Random(seed);
  const one = (list: readonly string[]): string => list[random.integer(list.length)];
  return Array.from({ length: count }, () => {
    const [thing, place] = [one(['tent', 'soap', 'lamp', 'boot']), one(['garden', 'night', 'beach'])];
    return `a ${one(['warm', 'small', 'red'])} ${thing} for the ${place}`;
  });
}

/** Two words for each thing, in two sentences. */
const things = ['tent shelter', 'soap lather', 'lamp light', 'boot shoe'].map((words) => words.split(' '));
function pairsOfThings(count: number): [string, string][] {
  return Array.from({ length: count }, (_, i) => {
    const [one, other] = things[i % things.length];
    return [`a warm ${one} for the night`, `the ${other} is small`];
  });
}

const options: PretrainOptions = {
  texts: sentences(200, 1),
  heldOutTexts: sentences(80, 2),
  hiddenSize: 16,
  numLayers: 1,
  vocabularySize: 290,
  steps: 60,
  batchSize: 4,
  length: 8,
  learningRate: 0.02,
};

describe('pretrain', () => {
  const folder = new TemporaryFolder();
  before(startTestEngine);
  after(() => folder.remove());

  it('learns, says how well, and writes a model that is as good', async () => {
    const { numTensors } = tf.memory();
    const steps: number[] = [];
    const progress = { report: (_: string, done: number) => void steps.push(done), log: () => undefined };
    const path = folder.at('learnt');
    const { parameterCount, trainTokens, perplexity, seconds } = await pretrain(path, {
      ...options,
      progress,
    });
    assert.equal(tf.memory().numTensors, numTensors);
    assert.deepEqual(
      steps,
      Array.from({ length: 60 }, (_, i) => i + 1),
    );
    assert.equal(trainTokens, 60 * 4 * 8);
    assert.ok(seconds > 0);
    const uniform = 290;
    assert.ok(perplexity < uniform / 10 && perplexity > 1, `perplexity ${perplexity}`);
    const source = openModel(path);
    assert.equal(source.config.vocabularySize, uniform);
    const sizes = [...source.weights.values()].map(({ shape }) => shape.reduce((a, b) => a * b, 1));
    assert.equal(
      sizes.reduce((a, b) => a + b, 0),
      parameterCount,
    );
    const decoder = decoderOf(source);
    const again = perplexityOf(decoder, options.heldOutTexts);
    assert.ok(
      Math.abs(Math.log(again / perplexity)) < 0.1,
      `perplexity ${perplexity}, of the written model ${again}`,
    );
    decoder.dispose();
  });

  it('gives the same bytes for the same seed, others for another', async () => {
    const few = { ...options, steps: 2 };
    const files = ['config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json'];
    for (const [name, seed] of [
      ['one', 7],
      ['two', 7],
      ['three', 8],
    ] as const) {
      await pretrain(folder.at(name), { ...few, seed });
      assert.deepEqual(readdirSync(folder.at(name)).sort(), files);
    }
    for (const file of files)
      assert.deepEqual(readFileSync(folder.at('one', file)), readFileSync(folder.at('two', file)));
    const weights = (name: string): Buffer => readFileSync(folder.at(name, 'model.safetensors'));
    assert.notDeepEqual(weights('one'), weights('three'));
  });

  it('learns from pairs what says the same, whatever the number of blocks that are read', async () => {
    const pairs = pairsOfThings(4);
    const notes: string[] = [];
    const progress = {
      report: (_name: string, _done: number, _total: number, note?: string) => void notes.push(note ?? ''),
      log: () => undefined,
    };
    const small = { ...options, numLayers: 2, steps: 40, batchSize: 1, length: 4, pairsPerStep: 4 };
    const { numTensors } = tf.memory();
    await pretrain(folder.at('with pairs'), { ...small, pairs, progress });
    assert.equal(tf.memory().numTensors, numTensors);
    assert.match(notes[0], /^loss \d+\.\d+, of pairs \d+\.\d+$/);
    await pretrain(folder.at('without pairs'), { ...small, steps: 10 });
    for (const layers of [1, 2]) {
      const [learnt, plain] = ['with pairs', 'without pairs'].map((name) => {
        const decoder = decoderOf(openModel(folder.at(name)), layers);
        const ids = pairs.map(([first, second]): PairIds => [
          decoder.tokenize(first),
          decoder.tokenize(second),
        ]);
        const loss = tf.tidy(() => pairLoss(decoder, ids).dataSync()[0]);
        decoder.dispose();
        return loss;
      });
      assert.ok(learnt < 0.2 && plain > 1, `${layers} blocks: ${learnt} with pairs, ${plain} without`);
    }
  }).timeout(120_000);

  it('complains of fewer pairs than a step takes', async () => {
    const few = { ...options, pairs: pairsOfThings(3), pairsPerStep: 4 };
    await rejectsPlainly(() => pretrain(folder.at('few'), few), /3 pairs.* 4 a step/);
  });

  it('stops by its signal and writes nothing', async () => {
    const { numTensors } = tf.memory();
    const controller = new AbortController();
    const progress = { report: () => controller.abort(new Error('stopped here')), log: () => undefined };
    const path = folder.at('stopped');
    await assert.rejects(pretrain(path, { ...options, progress, signal: controller.signal }), /stopped here/);
    assert.throws(() => readdirSync(path), { code: 'ENOENT' });
    assert.equal(tf.memory().numTensors, numTensors);
  });

  it('complains of too little text to learn from or to measure on', async () => {
    const path = folder.at('little');
    await rejectsPlainly(() => pretrain(path, { ...options, texts: ['tent'] }), /texts .* tokens.* at least/);
    await rejectsPlainly(
      () => pretrain(path, { ...options, heldOutTexts: ['a tent'] }),
      /held-out .* tokens.* at least/,
    );
  });
});

/** exp of the mean surprise of each next token, text by text, counted plainly. */
function perplexityOf(decoder: LocalDecoder, texts: readonly string[]): number {
  const V = decoder.config.vocabularySize;
  const ids = texts.flatMap((text) => [...decoder.tokenize(text), 0]);
  const T = 8;
  let [sum, count] = [0, 0];
  for (let from = 0; from + T < ids.length; from += T) {
    const states = statesOf(decoder, ids.slice(from, from + T));
    const scores = tf.tidy(() => decoder.logits(tf.tensor2d(states, [T, 16])).dataSync());
    for (let t = 0; t < T; t++) {
      const row = Array.from(scores.subarray(t * V, (t + 1) * V));
      const largest = Math.max(...row);
      const all = row.reduce((total, score) => total + Math.exp(score - largest), 0);
      sum += Math.log(all) + largest - row[ids[from + t + 1]];
      count++;
    }
  }
  return Math.exp(sum / count);
}

describe('writeModel', () => {
  const folder = new TemporaryFolder();
  before(startTestEngine);
  after(() => folder.remove());

  it('writes a folder that gives the same states, within the rounding of BF16', async () => {
    const config: ModelConfig = tinyConfig({ architecture: 'qwen3', tied: true });
    const parameters = new Parameters(new Random(4));
    const make = (name: string, shape: readonly number[], turned: boolean): tf.Variable =>
      parameters.variable(
        name,
        turned ? [...shape].reverse() : shape,
        shape.length === 1 ? constant(1.1) : normal(0.3),
      );
    const trained = new LocalDecoder(config, makeWeights(config, config.numLayers, make));
    await writeModel(folder.at('model'), { config, tokenizerJson: tinyTokenizerJson(), parameters });
    const source = openModel(folder.at('model'));
    assert.deepEqual(source.config, config);
    assert.deepEqual(source.tokenizer().ends, [0]);
    for (const { name, variable } of parameters.entries()) {
      const isProjection = name.includes('_proj');
      const expected = tf.tidy(() => (isProjection ? tf.transpose(variable) : variable).dataSync());
      const read = source.weights.get(name)?.read() ?? [];
      const largest = Math.max(...expected.map(Math.abs));
      assert.ok(largestDifference(read, expected) <= largest / 256, name); // BF16 keeps 8 bits
    }
    const opened = decoderOf(source);
    const ids = [9, 1, 77, 270, 5];
    closeTo(statesOf(opened, ids), statesOf(trained, ids), 0.05);
    opened.dispose();
    parameters.dispose();
  });
});
