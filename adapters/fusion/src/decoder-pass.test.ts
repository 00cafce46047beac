import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { Parameters, Random, gradientsOf } from '@coco-rec/core';
import { byLength, readVectors } from './decoder-pass.js';
import { TinyDecoder } from './tiny-world.test.js';

describe('readVectors', function () {
  this.timeout(30_000);
  const lengths = Int32Array.of(1, 3, 3, 5, 8, 9);
  const [S, N, H] = [6, 9, 12];
  const random = new Random(4);
  const values = Float32Array.from({ length: S * N * H }, () => random.normal());

  function setUp(dropout = 0.3): {
    decoder: TinyDecoder;
    parameters: Parameters;
    lora: ReturnType<TinyDecoder['createLora']>;
  } {
    const decoder = new TinyDecoder();
    const parameters = new Parameters(new Random(1));
    const lora = decoder.createLora(parameters, { rank: 2, alpha: 4, dropout });
    for (const variable of lora.variables) tf.tidy(() => variable.assign(tf.fill(variable.shape, 0.3)));
    return { decoder, parameters, lora };
  }

  it('gives each row the states it gets when read alone, without padding', () => {
    const { decoder, parameters } = setUp();
    tf.tidy(() => {
      const embeddings = tf.tensor3d(values, [S, N, H]);
      const all = readVectors({ decoder, embeddings, lengths, microBatch: 2 });
      lengths.forEach((length, s) => {
        const own = decoder.forward(tf.slice(embeddings, [s, 0, 0], [1, length, H]), Int32Array.of(length));
        const part = tf.slice(all, [s, 0, 0], [1, length, H]);
        assert.ok(tf.max(tf.abs(tf.sub(own, part))).dataSync()[0] < 1e-5);
      });
    });
    decoder.dispose();
    parameters.dispose();
  });

  /** Gradients of Σ weights ⊙ states at valid places. */
  function gradients(
    microBatch: number,
    rows?: number[],
    keepsTape = false,
  ): { input: Float32Array; lora: Float32Array; read: number } {
    const { decoder, parameters, lora } = setUp();
    const result = tf.tidy(() => {
      const embeddings = tf.tensor3d(values, [S, N, H]);
      const valid = tf.tensor3d(
        values.map((v, i) => (Math.floor(i / H) % N < lengths[Math.floor(i / (N * H))] ? Math.sin(v) : 0)),
        [S, N, H],
      );
      const backwardRows = rows && (() => Int32Array.from(rows));
      const reading = { decoder, embeddings, lengths, microBatch, lora, dropoutKey: 9 };
      const f = (): tf.Tensor => tf.sum(tf.mul(valid, readVectors({ ...reading, backwardRows, keepsTape })));
      const before = decoder.rows;
      const { gradients: all } = gradientsOf(f, [embeddings, ...lora.variables]);
      const read = decoder.rows - before - S;
      const [input, ...weights] = all.map((gradient) => gradient?.dataSync() ?? new Float32Array());
      return {
        input: Float32Array.from(input),
        lora: Float32Array.from(weights.flatMap((w) => [...w])),
        read,
      };
    });
    decoder.dispose();
    parameters.dispose();
    return result;
  }

  it('drops the same in the backward pass as in the forward pass, however rows are grouped', () => {
    const one = gradients(1);
    const all = gradients(64);
    const difference = (a: Float32Array, b: Float32Array): number =>
      Math.max(...a.map((v, i) => Math.abs(v - b[i])));
    assert.ok(difference(one.input, all.input) < 1e-4);
    assert.ok(difference(one.lora, all.lora) < 1e-3);
    // Rows one by one add up to all rows at once.
    const single = Array.from({ length: S }, (_, s) => gradients(64, [s]));
    const summed = single.reduce(
      (sum, { lora }) => sum.map((v, i) => v + lora[i]),
      new Float32Array(all.lora.length),
    );
    assert.ok(difference(summed, all.lora) < 1e-3);
    assert.ok(all.lora.some((value) => Math.abs(value) > 0.1));
  });

  it('gives the same gradients, and reads nothing twice, where the tape is kept', () => {
    const again = gradients(64);
    for (const microBatch of [2, 64]) {
      const kept = gradients(microBatch, undefined, true);
      assert.deepEqual([again.read, kept.read], [S, 0]);
      assert.ok(kept.input.every((value, i) => Math.abs(value - again.input[i]) < 1e-4));
      assert.ok(kept.lora.every((value, i) => Math.abs(value - again.lora[i]) < 1e-3));
    }
  });

  it('reads again only the rows that need a gradient', () => {
    const { input, read } = gradients(64, [1, 4]);
    assert.equal(read, 2);
    for (let s = 0; s < S; s++) {
      const own = input.subarray(s * N * H, (s + 1) * N * H);
      assert.equal(
        own.some((value) => value !== 0),
        s === 1 || s === 4,
      );
    }
    assert.equal(gradients(64, []).read, 0);
  });

  it('sorts by length, ties as they were', () => {
    const { order, rank } = byLength([5, 2, 5, 1]);
    assert.deepEqual([...order], [3, 1, 0, 2]);
    assert.deepEqual([...rank], [2, 1, 3, 0]);
  });
});
