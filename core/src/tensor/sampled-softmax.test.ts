import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { Random, hash32 } from '../random.js';
import { checkGradients } from '../testing/check-gradients.js';
import { isFinite, normals, valuesCloseTo } from '../testing/close-to.test.js';
import { eachBackend, leaked } from '../testing/each-backend.test.js';
import { type SampledSoftmaxOptions, sampledSoftmax } from './sampled-softmax.js';

type Matrix = tf.Tensor2D;

function reference(h: Matrix, positive: Matrix, negative: Matrix, options: SampledSoftmaxOptions): number[] {
  const [states, own, others] = [h.arraySync(), positive.arraySync(), negative.arraySync()];
  const dot = (a: number[], b: number[]): number => a.reduce((sum, x, i) => sum + x * b[i], 0);
  const excluded = new Set(options.excluded);
  const corrections = [options.positiveCorrection?.arraySync(), options.negativeCorrection?.arraySync()];
  return states.map((state, p) => {
    const score = dot(state, own[p]) - (corrections[0]?.[p] ?? 0);
    const kept = others
      .map((other, n) => dot(state, other) - (corrections[1]?.[n] ?? 0))
      .filter((_, n) => !excluded.has(p * others.length + n));
    const all = [score, ...kept];
    const top = Math.max(...all);
    return top + Math.log(all.reduce((sum, x) => sum + Math.exp(x - top), 0)) - score;
  });
}

const example = (rows: number, negatives: number, size: number): [Matrix, Matrix, Matrix] => [
  normals([rows, size], new Random(1)) as Matrix,
  normals([rows, size], new Random(2)) as Matrix,
  normals([negatives, size], new Random(3)) as Matrix,
];
const everyPlace = (count: number): Int32Array => Int32Array.from({ length: count }, (_, place) => place);
const optionsOf = (rows: number, negatives: number): SampledSoftmaxOptions => ({
  positiveCorrection: normals([rows], new Random(4)) as tf.Tensor1D,
  negativeCorrection: normals([negatives], new Random(5)) as tf.Tensor1D,
  excluded: everyPlace(rows * negatives).filter((place) => hash32(6, place) % 3 === 0),
});

describe('sampledSoftmax', () => {
  eachBackend(() => {
    it('agrees with plain loops, with and without corrections and excluded places', () => {
      for (const [rows, negatives, size] of [
        [4, 6, 3],
        [1, 1, 1],
        [5, 2, 4],
      ]) {
        const input = example(rows, negatives, size);
        for (const options of [{}, optionsOf(rows, negatives)]) {
          valuesCloseTo(sampledSoftmax(...input, options).dataSync(), reference(...input, options), 1e-5);
        }
      }
    });

    it('agrees with central differences', () => {
      const op = (h: tf.Tensor, positive: tf.Tensor, negative: tf.Tensor): tf.Tensor =>
        sampledSoftmax(h as Matrix, positive as Matrix, negative as Matrix, optionsOf(4, 6));
      tf.tidy(() => {
        checkGradients(op, example(4, 6, 3), { random: new Random(7) });
        // The batch's targets as negatives: one tensor in two places.
        const diagonal = everyPlace(4).map((p) => p * 4 + p);
        const inBatch = (h: tf.Tensor, own: tf.Tensor): tf.Tensor =>
          sampledSoftmax(h as Matrix, own as Matrix, own as Matrix, { excluded: diagonal });
        checkGradients(inBatch, example(4, 6, 3).slice(0, 2), { random: new Random(7) });
      });
    });

    it('is 0 where every negative is excluded, and finite with huge scores', () => {
      const [h, positive, negative] = example(4, 6, 3);
      const excluded = everyPlace(24);
      valuesCloseTo(sampledSoftmax(h, positive, negative, { excluded }).dataSync(), [0, 0, 0, 0], 0);
      const op = (x: tf.Tensor): tf.Tensor => sampledSoftmax(x as Matrix, positive, negative, { excluded });
      valuesCloseTo(tf.grad(op)(h).dataSync(), new Float32Array(12), 1e-6);
      const huge = tf.mul(h, 1e4) as Matrix;
      valuesCloseTo(
        sampledSoftmax(huge, positive, negative).dataSync(),
        reference(huge, positive, negative, {}),
        1e-4,
      );
      isFinite(tf.grad((x) => sampledSoftmax(x as Matrix, positive, negative))(huge));
    });

    it('leaves nothing behind', () => {
      const input = example(4, 6, 3);
      const op = tf.grads((h, a, b) => sampledSoftmax(h as Matrix, a as Matrix, b as Matrix));
      assert.equal(
        leaked(() => tf.dispose(tf.tidy(() => op(input)))),
        0,
      );
    });
  });
});
