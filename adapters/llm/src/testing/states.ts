import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { fromFiles, makeWeights } from '../decoder/decoder-weights.js';
import { LocalDecoder } from '../decoder/local-decoder.js';
import type { ModelSource } from '../open-model.js';

/** The decoder of an opened model. */
export function decoderOf(source: ModelSource, layers = source.config.numLayers): LocalDecoder {
  const { config, weights, path } = source;
  return new LocalDecoder(config, makeWeights(config, layers, fromFiles(weights, path)), source.tokenizer());
}

/** Hidden states of token ids, [T · H]. */
export function statesOf(decoder: LocalDecoder, ids: readonly number[]): Float32Array {
  return tf.tidy(() => {
    const embedded = tf.expandDims(decoder.embed(tf.tensor1d([...ids], 'int32')), 0) as tf.Tensor3D; // [1, T, H]
    return decoder.forward(embedded, Int32Array.of(ids.length)).dataSync<'float32'>();
  });
}

export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  assert.equal(a.length, b.length);
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i] - b[i]);
    if (Number.isNaN(difference)) return NaN;
    largest = Math.max(largest, difference);
  }
  return largest;
}

/** Both have the same numbers within `tolerance`. */
export function closeTo(a: ArrayLike<number>, b: ArrayLike<number>, tolerance: number): void {
  const difference = largestDifference(a, b);
  assert.ok(difference <= tolerance, `largest difference ${difference}, allowed ${tolerance}`);
}

/** They differ by more than `least` somewhere. */
export function farFrom(a: ArrayLike<number>, b: ArrayLike<number>, least: number): void {
  const difference = largestDifference(a, b);
  assert.ok(difference > least, `largest difference ${difference}, expected above ${least}`);
}
