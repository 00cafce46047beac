import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import type { Random } from '../random.js';

/** Fails unless both have the same shape and differ by at most `tolerance`, relative to the largest expected value or 1. */
export function closeTo(actual: tf.Tensor, expected: tf.Tensor, tolerance = 1e-5): void {
  assert.deepEqual(actual.shape, expected.shape);
  valuesCloseTo(actual.dataSync(), expected.dataSync(), tolerance);
}

export function valuesCloseTo(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance = 1e-5,
): void {
  assert.equal(actual.length, expected.length);
  const scale = Array.from(expected).reduce((largest, value) => Math.max(largest, Math.abs(value)), 1);
  for (let i = 0; i < expected.length; i++) {
    const same = Math.abs(actual[i] - expected[i]) <= tolerance * scale;
    assert.ok(same, `element ${i} is ${actual[i]}, not ${expected[i]}`);
  }
}

/** Fails if a value is NaN or infinite. */
export function isFinite(tensor: tf.Tensor): void {
  assert.ok(tensor.dataSync().every(Number.isFinite), 'a value is not finite');
}

/** Standard normal numbers. */
export function normals(shape: number[], random: Random, scale = 1): tf.Tensor {
  const size = shape.reduce((a, b) => a * b, 1);
  return tf.tensor(
    Float32Array.from({ length: size }, () => scale * random.normal()),
    shape,
  );
}
