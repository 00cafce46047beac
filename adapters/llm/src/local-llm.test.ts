import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { type GeneratedText, type KnowledgeStore, UsageError } from '@coco-rec/core';
import { FileKnowledgeStore } from './knowledge-store.js';
import { LocalConfig, createLocal, local } from './local.js';
import type { LocalLLM } from './local-llm.js';
import { rejectsPlainly } from './testing/complaints.js';
import { testContext } from './testing/context.js';
import { closeTo, farFrom, statesOf } from './testing/states.js';
import { startTestEngine } from './testing/test-engine.js';
import { TemporaryFolder } from './testing/temporary-folder.js';
import { configJson, tinyConfig, tinyGguf, writeTinyFolder } from './testing/tiny-llama.js';

const texts = [
  'a warm tent',
  'soap',
  'tents for the warm, warm night',
  '',
  '枕 and soap for the night',
  'the tent',
  'a',
];
const H = 8;

describe('LocalLLM', () => {
  const folder = new TemporaryFolder();
  let model = '';
  const opened: LocalLLM[] = [];

  const open = async (
    changes: Partial<LocalConfig> = {},
    { knowledge, signal }: { knowledge?: KnowledgeStore; signal?: AbortSignal } = {},
  ): Promise<LocalLLM> => {
    const config = Object.assign(new LocalConfig(), { model, ...changes });
    const llm = await createLocal('local', config.model, config, testContext(knowledge, signal));
    opened.push(llm);
    return llm;
  };
  /** Counts the rows that the decoder reads from now on. */
  const countRows = (llm: LocalLLM): { rows: number } => {
    const counter = { rows: 0 };
    const read = llm.decoder.statesAfter.bind(llm.decoder);
    llm.decoder.statesAfter = (embeddings, lengths, depths) => {
      counter.rows += lengths.length;
      return read(embeddings, lengths, depths);
    };
    return counter;
  };

  before(async () => {
    await startTestEngine();
    model = writeTinyFolder(folder.at('model'));
  });
  afterEach(() => {
    for (const llm of opened.splice(0)) llm.dispose();
  });
  after(() => folder.remove());

  it('a vector is the mean of the last states, or the last token’s', async () => {
    const [mean, last] = [await open(), await open({ pooling: 'last' })];
    const text = 'tents for the warm, warm night';
    const ids = mean.decoder.tokenize(text);
    const states = statesOf(mean.decoder, ids);
    const sums = Float32Array.from({ length: H }, (_, h) =>
      ids.reduce((sum, _, t) => sum + states[t * H + h], 0),
    );
    closeTo(
      await mean.encode([text]),
      sums.map((sum) => sum / ids.length),
      1e-5,
    );
    closeTo(await last.encode([text]), states.subarray(-H), 1e-5);
    const short = await open({ maxTokens: 2 });
    closeTo(
      await short.encode([text]),
      await short.encode([short.decoder.tokenizer?.decode(ids.slice(0, 2)) ?? '']),
      1e-5,
    );
  });

  it('a text has the same vector in whatever company, and the empty text the zero vector', async () => {
    const llm = await open();
    const together = await llm.encode(texts);
    for (const [i, text] of texts.entries()) {
      const own = together.subarray(i * H, (i + 1) * H);
      closeTo(await llm.encode([text]), own, 1e-5);
      if (text === '') assert.deepEqual([...own], Array(H).fill(0));
      else farFrom(own, new Float32Array(H), 0.1);
    }
    const many = Array.from({ length: 300 }, (_, i) => `${texts[i % 3]} ${'soap '.repeat(i % 5)}`);
    const all = await llm.encode([...many, ...texts]);
    closeTo(all.subarray(300 * H), together, 1e-5);
    closeTo(await llm.encode([many[299]]), all.subarray(299 * H, 300 * H), 1e-5);
    assert.equal((await llm.encode([])).length, 0);
  });

  it('computes a text once: the store gives it to the next call and the next instance', async () => {
    const path = folder.at('store');
    const first = await open({}, { knowledge: new FileKnowledgeStore(path) });
    const counter = countRows(first);
    const vectors = await first.encode(texts);
    assert.equal(counter.rows, texts.length);
    assert.deepEqual(await first.encode(texts), vectors);
    const second = await open({}, { knowledge: new FileKnowledgeStore(path) });
    const secondCounter = countRows(second);
    assert.deepEqual(await second.encode([...texts].reverse()), reversed(vectors));
    assert.equal(counter.rows, texts.length);
    assert.equal(secondCounter.rows, 0);
    await second.encode(['something new', ...texts]);
    assert.equal(secondCounter.rows, 1);
    const other = await open({ layers: 1 }, { knowledge: new FileKnowledgeStore(path) });
    const otherCounter = countRows(other);
    farFrom(await other.encode(texts), vectors, 0.01);
    assert.equal(otherCounter.rows, texts.length);
  });

  it('has another hash for whatever changes the vectors', async () => {
    const hash = async (changes: Partial<LocalConfig> = {}): Promise<string> =>
      (await open(changes)).contentHash;
    const plain = await hash();
    assert.match(plain, /^[0-9a-f]{64}$/);
    assert.equal(await hash(), plain);
    assert.equal(await hash({ layers: 2 }), plain); // all of them, the default
    const gguf = folder.write('model.gguf', tinyGguf());
    const rotary = writeTinyFolder(folder.at('rotary'), tinyConfig(), {
      ...configJson(tinyConfig()),
      rope_theta: 99,
    });
    const split = writeTinyFolder(folder.at('split'));
    const json = readFileSync(join(split, 'tokenizer.json'), 'utf8');
    writeFileSync(join(split, 'tokenizer.json'), json.replace('"use_regex":true', '"use_regex":false'));
    const others = [
      await hash({ layers: 1 }),
      await hash({ pooling: 'last' }),
      await hash({ maxTokens: 63 }),
      await hash({ randomWeights: true }),
      await hash({ model: gguf }),
      await hash({ model: rotary }),
      await hash({ model: split }),
    ];
    assert.equal(new Set([plain, ...others]).size, 8);
  });

  it('keeps the hash of its answers where only the vectors change', async () => {
    const hash = async (changes: Partial<LocalConfig> = {}): Promise<string> =>
      (await open(changes)).answerHash;
    const plain = await hash();
    assert.equal(plain, (await open()).contentHash, 'texts that were stored before are found');
    assert.equal(await hash({ pooling: 'last' }), plain);
    assert.equal(await hash({ maxTokens: 63 }), plain);
    assert.notEqual(await hash({ layers: 1 }), plain);
    assert.notEqual(await hash({ randomWeights: true }), plain);
  });

  it('stops by its signal and keeps what was stored', async () => {
    const knowledge = new FileKnowledgeStore(folder.at('stopped'));
    const controller = new AbortController();
    const llm = await open({}, { knowledge, signal: controller.signal });
    const counter = countRows(llm);
    const many = Array.from({ length: 400 }, (_, i) => `soap ${i}`);
    const report = (_name: string, done: number): void => {
      if (done >= 256) controller.abort(new Error('stopped here'));
    };
    await assert.rejects(llm.encode(many, { report, log: () => undefined }), /stopped here/);
    assert.equal(counter.rows, 256);
    const again = await open({}, { knowledge });
    const counterAgain = countRows(again);
    await again.encode(many);
    assert.equal(counterAgain.rows, 400 - 256);
  });

  it('hears a signal that comes while it reads', async () => {
    const controller = new AbortController();
    const llm = await open({}, { signal: controller.signal });
    const counter = countRows(llm);
    setImmediate(() => controller.abort(new Error('stopped here'))); // as Ctrl-C: not before the event loop turns
    const many = Array.from({ length: 40 }, (_, i) => 'soap '.repeat(64) + String(i));
    await assert.rejects(llm.encode(many), /stopped here/);
    assert.ok(counter.rows < 40, String(counter.rows));
  });

  it('random weights are other vectors, the same every time', async () => {
    const trained = await (await open()).encode(texts);
    const random = await (await open({ randomWeights: true })).encode(texts);
    assert.ok(random.every(Number.isFinite));
    farFrom(random, trained, 0.1);
    assert.deepEqual(await (await open({ randomWeights: true })).encode(texts), random);
    const { weights } = (await open({ randomWeights: true })).decoder;
    const { weights: own } = (await open()).decoder;
    assert.deepEqual([...new Set(weights.finalNorm.dataSync())], [1]);
    const spread = (tensor: tf.Tensor): number =>
      tf.tidy(() => tf.sqrt(tf.mean(tf.square(tensor))).dataSync()[0]);
    assert.ok(Math.abs(spread(weights.embedding) / spread(own.embedding) - 1) < 0.05);
  });

  it('generates text, none from an empty prompt', async () => {
    const llm = await open();
    const [made, none] = await llm.generate(['a warm', ''], { maxTokens: 5 });
    assert.equal(none, '');
    assert.notEqual(made, '');
    assert.deepEqual(await llm.generate(['a warm'], { maxTokens: 5 }), [made]);
    assert.deepEqual(await llm.generate(['a warm'], { maxTokens: 0 }), ['']);
  });

  it('tells of each answer with its tokens, and waits until it is stored', async () => {
    const llm = await open();
    const prompts = ['a warm', '', 'red soap'];
    const told: [number, GeneratedText][] = [];
    const onAnswer = async (index: number, answer: GeneratedText): Promise<void> => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      told.push([index, answer]);
    };
    const made = await llm.generate(prompts, { maxTokens: 4, onAnswer });
    assert.deepEqual(
      told.map(([index, { text }]) => [index, text]),
      made.map((text, index) => [index, text]),
    );
    const forecast = await llm.forecast(prompts, { maxTokens: 4 });
    const sum = (key: 'promptTokens' | 'answerTokens' | 'cost'): number =>
      told.reduce((total, [, answer]) => total + answer[key], 0);
    assert.deepEqual(forecast, {
      requests: 2,
      promptTokens: sum('promptTokens'),
      answerTokens: 8,
      cost: sum('cost'),
    });
    assert.ok(sum('promptTokens') > 2 && sum('answerTokens') > 0 && sum('answerTokens') <= 8);
  });

  it('hears a signal between two tokens', async () => {
    const llm = await open();
    Object.assign(llm.decoder.tokenizer as object, { ends: [] }); // no token ends the answer
    const { numTensors } = tf.memory();
    let tokens = 0;
    const read = llm.decoder.read.bind(llm.decoder);
    llm.decoder.read = (embeddings, options) => {
      tokens++;
      return read(embeddings, options);
    };
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error('stopped here'))); // as Ctrl-C: not before the event loop turns
    const { signal } = controller;
    await assert.rejects(llm.generate(['a warm'], { maxTokens: 5000, signal }), /stopped here/);
    assert.ok(tokens < 5000, String(tokens));
    assert.equal(tf.memory().numTensors, numTensors);
  });

  it('complains of too many layers and of a model without a tokenizer', async () => {
    await assert.rejects(open({ layers: 3 }), (error: Error) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, /knowledge\.layers is 3; .* has 2 blocks/);
      return true;
    });
    const create = (path: string): unknown =>
      local.create({ ...new LocalConfig(), model: path }, testContext());
    await rejectsPlainly(() => create(folder.at('no')), /no model at/);
    const mute = writeTinyFolder(folder.at('mute'));
    rmSync(join(mute, 'tokenizer.json'));
    await rejectsPlainly(() => create(mute), /mute has no tokenizer\.json: texts cannot be read/);
  });

  it('leaves no tensor behind', async () => {
    const { numTensors } = tf.memory();
    const llm = await open();
    await llm.encode(texts);
    await llm.generate(['a warm'], { maxTokens: 3 });
    opened.pop()?.dispose();
    assert.equal(tf.memory().numTensors, numTensors);
  });
});

function reversed(vectors: Float32Array): Float32Array {
  const rows = Array.from({ length: vectors.length / H }, (_, i) => [
    ...vectors.subarray(i * H, (i + 1) * H),
  ]);
  return Float32Array.from(rows.reverse().flat());
}
