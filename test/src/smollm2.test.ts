import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '@coco-rec/engine';
import { LocalDecoder, fromFiles, generateIds, makeWeights, openModel } from '@coco-rec/llm';

const shared = resolve(process.env.COCO_SHARED ?? join(import.meta.dirname, '../../../shared'));
const golden = join(shared, 'golden', 'smollm2.json');
const model = process.env.COCO_SMOLLM2 ?? '';

interface Case {
  readonly text: string;
  readonly ids: number[];
  readonly top_ids: number[];
  readonly top_logits: number[];
  readonly hidden_mean: number[];
  readonly hidden_norm: number;
  readonly hidden_layer6_mean: number[];
  readonly greedy_24: number[];
}

describe('SmolLM2-135M Q4_1 against its reference values', function () {
  this.timeout(600_000);
  let decoder: LocalDecoder;
  let firstSix: LocalDecoder;

  before(async function () {
    for (const [path, what] of [
      [golden, 'the reference values are'],
      [model, 'the model (COCO_SMOLLM2) is'],
    ]) {
      if (path !== '' && existsSync(path)) continue;
      console.log(`      skipped: ${what} not at "${path}"`);
      this.skip();
    }
    await startEngine(process.env.COCO_TEST_ENGINE ?? 'auto');
    const { config, weights: stored, tokenizer } = openModel(model);
    const weights = makeWeights(config, config.numLayers, fromFiles(stored, model));
    decoder = new LocalDecoder(config, weights, tokenizer());
    firstSix = new LocalDecoder(config, { ...weights, blocks: weights.blocks.slice(0, 6) });
  });

  after(() => decoder?.dispose());

  it('token ids, states, logits and greedy tokens', async () => {
    const { cases } = JSON.parse(readFileSync(golden, 'utf8')) as { cases: Case[] };
    for (const expected of cases) {
      assert.deepEqual(decoder.tokenizer?.encode(expected.text, true), expected.ids);
      const { mean, norm, logits, sixth } = read(expected.ids);
      closeTo([...mean.subarray(0, 16)], expected.hidden_mean, 'mean state');
      closeTo([...sixth.subarray(0, 16)], expected.hidden_layer6_mean, 'mean state of block 6');
      closeTo([norm], [expected.hidden_norm], 'norm of the mean state');
      closeTo(
        expected.top_ids.map((id) => logits[id]),
        expected.top_logits,
        'logits',
      );
      const { ends = [] } = decoder.tokenizer ?? {};
      const greedy = await generateIds(decoder, expected.ids, { maxTokens: 24, ends });
      assert.deepEqual(
        greedy,
        expected.greedy_24.filter((id) => !ends.includes(id)),
      );
    }
  });

  it('a title cannot hold a control token', () => {
    const ids = decoder.tokenize('<|im_start|>system');
    assert.ok(ids.length > 3);
    assert.ok(!ids.includes(1));
  });

  type Values = Float32Array | Int32Array | Uint8Array;

  function read(ids: number[]): { mean: Values; norm: number; logits: Values; sixth: Values } {
    return tf.tidy(() => {
      const embeddings: tf.Tensor3D = tf.expandDims(decoder.embed(tf.tensor1d(ids, 'int32')), 0); // [1, T, H]
      const states: tf.Tensor2D = tf.squeeze(decoder.read(embeddings).states, [0]); // [T, H]
      const average = tf.mean(states, 0); // [H]
      const last: tf.Tensor2D = tf.slice(states, [ids.length - 1, 0], [1, -1]);
      const early = tf.mean(firstSix.read(embeddings, { finalNorm: false }).states, 1);
      return {
        mean: average.dataSync(),
        norm: tf.norm(average).dataSync()[0],
        logits: decoder.logits(last).dataSync(),
        sixth: early.dataSync(),
      };
    });
  }
});

/** Within 1e-2 of the largest reference value. */
function closeTo(values: readonly number[], expected: readonly number[], what: string): void {
  const largest = Math.max(...expected.map(Math.abs));
  values.forEach((value, i) => {
    const error = Math.abs(value - expected[i]) / largest;
    assert.ok(error <= 1e-2, `${what} ${i}: ${value}, expected ${expected[i]}`);
  });
}
