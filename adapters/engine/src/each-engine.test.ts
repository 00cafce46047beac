import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { engineStatus, startEngine } from './start-engine.js';

/** Deterministic values in [low, high). */
export function values(shape: readonly number[], seed = 1, low = -1, high = 1): tf.Tensor {
  const data = new Float32Array(tf.util.sizeFromShape([...shape]));
  let state = (seed * 2654435761) >>> 0;
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    data[i] = low + ((high - low) * (state >>> 8)) / 2 ** 24;
  }
  return tf.tensor(data, [...shape]);
}

/** Deterministic integers in [0, count). */
export function integers(shape: readonly number[], count: number, seed = 5): tf.Tensor {
  return tf.tidy(() => tf.cast(tf.floor(values(shape, seed, 0, count - 1e-3)), 'int32'));
}

/** Asserts that two lists of numbers differ by at most `tolerance`, relative to 1 + |expected|. */
export function assertClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  what: string,
): void {
  assert.equal(actual.length, expected.length, `${what}: number of values`);
  for (let i = 0; i < expected.length; i++) {
    const [a, e] = [actual[i], expected[i]];
    if (Object.is(a, e) || a === e) continue;
    const error = Math.abs(a - e) / (1 + Math.abs(e));
    assert.ok(error <= tolerance, `${what}: value ${i} is ${a} instead of ${e}`);
  }
}

/** Runs `compute` on an engine. */
export async function on<Result>(engine: string, compute: () => Result): Promise<Result> {
  await startEngine(engine);
  return compute();
}

/** @returns the engines to compare with `cpu` here; says so where one is absent. */
export async function comparedEngines(): Promise<string[]> {
  const reports = (await engineStatus()).filter(({ id }) => id !== 'cpu');
  for (const { id, available, detail } of reports)
    if (!available) console.log(`      skipped ${id}: ${detail}`);
  return reports.filter(({ available }) => available).map(({ id }) => id);
}
