import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import {
  type AdapterContext,
  type FileStore,
  Parameters,
  Random,
  type TuningConfig,
  type TuningPair,
  tunedHash,
} from '@coco-rec/core';
import { LocalConfig, createLocal } from '../local.js';
import type { LocalLLM } from '../local-llm.js';
import { rejectsPlainly } from '../testing/complaints.js';
import { testContext } from '../testing/context.js';
import { statesOf } from '../testing/states.js';
import { startTestEngine } from '../testing/test-engine.js';
import { TemporaryFolder } from '../testing/temporary-folder.js';
import { tinyConfig, writeTinyFolder } from '../testing/tiny-llama.js';
import { answerLoss } from './answer-loss.js';
import { answerTokens, examplesOf } from './examples.js';

const pairs: readonly TuningPair[] = [
  { prompt: 'a warm tent for', answer: 'the night' },
  { prompt: 'the night, the', answer: 'soap' },
];

const config: TuningConfig = {
  rank: 8,
  alpha: 16,
  dropout: 0.05,
  learningRate: 0.05,
  epochs: 80,
  batchSize: 2,
  maxTokens: 64,
  seed: 1,
};

/** −log of the softmax at one place, in doubles. */
function surprise(logits: ArrayLike<number>, id: number): number {
  const largest = Math.max(...Array.from(logits));
  const sum = Array.from(logits).reduce((total, logit) => total + Math.exp(logit - largest), 0);
  return Math.log(sum) + largest - logits[id];
}

describe('Tuning a local model', () => {
  const folder = new TemporaryFolder();
  const opened: LocalLLM[] = [];
  let model = '';

  before(async () => {
    await startTestEngine();
    model = writeTinyFolder(
      folder.at('model'),
      tinyConfig({ hiddenSize: 32, headSize: 8, feedForwardSize: 48 }),
    );
  });
  afterEach(() => {
    for (const llm of opened.splice(0)) llm.dispose();
  });
  after(() => folder.remove());

  const open = async (more: Partial<AdapterContext> = {}): Promise<LocalLLM> => {
    const settings = Object.assign(new LocalConfig(), { model });
    const llm = await createLocal('local', model, settings, { ...testContext(), ...more });
    opened.push(llm);
    return llm;
  };

  /** Counts the passes with LoRA weights and dropout: those that learn. */
  const countSteps = (llm: LocalLLM): { steps: number } => {
    const counter = { steps: 0 };
    const read = llm.decoder.read.bind(llm.decoder);
    llm.decoder.read = (embeddings, options = {}) => {
      if (options.dropoutKey !== undefined) counter.steps++;
      return read(embeddings, options);
    };
    return counter;
  };

  it('the loss is that of the answer’s tokens and the end, each given all before it, and of no other', async () => {
    const { decoder } = await open();
    const examples = examplesOf(decoder, pairs, 64, (prompt) => decoder.tokenize(prompt));
    const V = decoder.config.vocabularySize;
    let expected = 0;
    let count = 0;
    for (const { prompt, answer } of pairs) {
      const ids = [...decoder.tokenize(prompt), ...decoder.tokenize(answer), 0];
      const states = statesOf(decoder, ids);
      const logits = tf.tidy(() => decoder.logits(tf.tensor2d(states, [ids.length, decoder.hiddenSize])).dataSync()); // prettier-ignore
      for (let t = decoder.tokenize(prompt).length; t < ids.length; t++, count++)
        expected += surprise(logits.subarray((t - 1) * V, t * V), ids[t]);
    }
    assert.equal(answerTokens(examples), count);
    const [together, parts] = tf.tidy(() => [
      answerLoss(decoder, examples).dataSync()[0],
      examples.reduce((sum, example) => sum + answerLoss(decoder, [example]).dataSync()[0], 0),
    ]);
    assert.ok(Math.abs(together - expected) < 1e-3 * expected, `${together}, expected ${expected}`);
    assert.ok(Math.abs(parts - together) < 1e-4 * expected, 'padding changes the loss');
  });

  it('the gradient of LoRA’s weights is the slope of that loss', async () => {
    const { decoder } = await open();
    const examples = examplesOf(decoder, pairs, 64, (prompt) => decoder.tokenize(prompt));
    const parameters = new Parameters(new Random(3));
    const lora = decoder.createLora(parameters, config);
    for (const [i, variable] of lora.variables.entries()) {
      const random = new Random(9).derive(i);
      const values = Float32Array.from({ length: variable.size }, () => 0.05 * random.normal());
      tf.tidy(() => variable.assign(tf.tensor(values, variable.shape)));
    }
    const loss = (): tf.Scalar => answerLoss(decoder, examples, { lora });
    const { value, grads } = tf.tidy(() => tf.variableGrads(loss, [...lora.variables]));
    for (const variable of lora.variables) {
      const gradient = grads[variable.name].dataSync();
      const before = Float32Array.from(variable.dataSync());
      const norm = Math.hypot(...gradient);
      const at = (step: number): number => {
        const moved = before.map((x, i) => x + (step * gradient[i]) / norm);
        tf.tidy(() => variable.assign(tf.tensor(moved, variable.shape)));
        return tf.tidy(() => loss().dataSync()[0]);
      };
      const slope = (at(0.01) - at(-0.01)) / 0.02;
      at(0);
      assert.ok(Math.abs(slope - norm) < 0.02 * norm + 0.01, `${variable.name}: ${slope}, gradient ${norm}`);
    }
    tf.dispose([value, grads]);
    parameters.dispose();
  });

  it('teaches answers that it did not give, leaves the base as it was, and no tensor behind', async () => {
    const llm = await open();
    const prompts = pairs.map(({ prompt }) => prompt);
    const answers = pairs.map(({ answer }) => answer);
    const before = await llm.generate(prompts, { maxTokens: 12 });
    answers.forEach((answer, i) => assert.notEqual(before[i], answer));
    const { numTensors } = tf.memory();
    const losses: number[] = [];
    const report = (_name: string, _done: number, _total: number, note = ''): void =>
      void losses.push(Number(note.replace('loss ', '')));
    const tuned = await llm.tune(pairs, config, { label: 'tuning', progress: { report, log: () => undefined } }); // prettier-ignore
    assert.equal(losses.length, config.epochs);
    assert.ok(losses[losses.length - 1] < losses[0] / 10, losses.join());
    assert.deepEqual(await tuned.generate(prompts, { maxTokens: 12 }), answers, 'the end is learnt too');
    assert.equal(tuned.pairCount, 2);
    assert.deepEqual(await llm.generate(prompts, { maxTokens: 12 }), before);
    tuned.dispose();
    assert.equal(tf.memory().numTensors, numTensors);
  });

  it('gives the same bytes for the same seed, others for another', async () => {
    const files: Buffer[] = [];
    for (const seed of [1, 1, 2]) {
      const tunings = new MemoryFiles();
      const llm = await open({ tunings });
      (await llm.tune(pairs, { ...few, seed }, { label: 'tuning' })).dispose();
      assert.equal(tunings.content.size, 1);
      files.push(...[...tunings.content.values()].map((bytes) => Buffer.from(bytes)));
    }
    assert.ok(files[0].equals(files[1]));
    assert.ok(!files[0].equals(files[2]));
  });

  it('tunes once: another start finds the weights, by base, pairs and settings; damaged ones are made anew', async () => {
    const tunings = new MemoryFiles();
    const log: string[] = [];
    const progress = { report: () => undefined, log: (line: string) => void log.push(line) };
    const tuneAgain = async (
      how = few,
      on = pairs,
    ): Promise<{ steps: number; text: string[]; hash: string }> => {
      const llm = await open({ tunings });
      const counter = countSteps(llm);
      const tuned = await llm.tune(on, how, { label: 'tuning', progress });
      const text = await tuned.generate(['a warm tent', 'soap'], { maxTokens: 6 });
      assert.equal(tuned.contentHash, tunedHash(llm.answerHash, on, how, testContext().hasher));
      tuned.dispose();
      return { steps: counter.steps, text, hash: tuned.contentHash };
    };
    const first = await tuneAgain();
    assert.equal(first.steps, few.epochs);
    assert.deepEqual(await tuneAgain(), { ...first, steps: 0 });
    const others = [
      await tuneAgain({ ...few, alpha: 8 }),
      await tuneAgain({ ...few, maxTokens: 63 }),
      await tuneAgain(few, [...pairs].reverse()),
      await tuneAgain(few, [{ ...pairs[0], answer: 'the soap' }, pairs[1]]),
    ];
    for (const { steps } of others) assert.equal(steps, few.epochs);
    assert.equal(new Set([first, ...others].map(({ hash }) => hash)).size, 5);
    for (const damage of [(bytes: Uint8Array) => bytes.subarray(0, 99), flipped]) {
      const name = `${first.hash}.safetensors`;
      tunings.content.set(name, damage(tunings.content.get(name) as Uint8Array));
      assert.deepEqual(await tuneAgain(), first);
      assert.match(log.splice(0).join(), /damaged: they are tuned again/);
    }
  });

  it('stops by its signal, stores nothing and leaves no tensor', async () => {
    const tunings = new MemoryFiles();
    const llm = await open({ tunings });
    const { numTensors } = tf.memory();
    const controller = new AbortController();
    setImmediate(() => controller.abort(new Error('stopped here'))); // as Ctrl-C: not before the event loop turns
    const tuning = llm.tune(pairs, config, { label: 'tuning', signal: controller.signal });
    await assert.rejects(tuning, /stopped here/);
    assert.equal(tunings.content.size, 0);
    assert.equal(tf.memory().numTensors, numTensors);
  });

  it('leaves out pairs that are too long or have an empty side, and says so where none is left', async () => {
    const llm = await open();
    const log: string[] = [];
    const progress = { report: () => undefined, log: (line: string) => void log.push(line) };
    const long = { prompt: 'the night '.repeat(40), answer: 'soap' };
    const tuned = await llm.tune([...pairs, long], few, { label: 'actor', progress });
    assert.equal(tuned.pairCount, 2);
    tuned.dispose();
    assert.match(log.join(), /actor: 1 of 3 pairs have an empty side or more than 64 tokens/);
    const empty = [
      { prompt: '', answer: 'soap' },
      { prompt: 'soap', answer: '' },
    ];
    await rejectsPlainly(() => llm.tune(empty, few, { label: 'actor' }), /actor: .* of 2 pairs, none/);
  });

  it('says where a gradient is not finite, and stores nothing', async () => {
    const tunings = new MemoryFiles();
    const llm = await open({ tunings });
    const wild = { ...few, alpha: 1e40 }; // Infinity in the engine's numbers
    await rejectsPlainly(() => llm.tune(pairs, wild, { label: 'actor' }), /actor: .* step 1 is not finite/);
    assert.equal(tunings.content.size, 0);
  });
});

const few: TuningConfig = { ...config, epochs: 2 };

/** Another value in the last tensor. */
function flipped(bytes: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[copy.length - 2] ^= 1;
  return copy;
}

class MemoryFiles implements FileStore {
  readonly content = new Map<string, Uint8Array>();

  read(name: string): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.content.get(name));
  }

  write(name: string, content: Uint8Array): Promise<void> {
    this.content.set(name, content);
    return Promise.resolve();
  }

  append(): Promise<void> {
    return Promise.reject(new Error('weights are not appended to'));
  }

  list(): Promise<string[]> {
    return Promise.resolve([...this.content.keys()]);
  }

  remove(): Promise<void> {
    return Promise.reject(new Error('weights are not removed'));
  }
}
