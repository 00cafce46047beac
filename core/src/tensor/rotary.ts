import * as tf from '@tensorflow/tfjs-core';
import { customOp } from './tape.js';

/**
 * Rotary positions (Su et al. 2021) in the rotate-half convention of Hugging Face's Llama: element i of the first half
 * turns with element i of the second half.
 * @param x [B, A, T, d], d even @param cos [T, d] @param sin [T, d], both from `rotaryTables`, perhaps scaled
 * @returns x's shape
 */
export function rotary<T extends tf.Tensor>(x: T, cos: tf.Tensor, sin: tf.Tensor): T {
  return customOp(
    { x },
    (save) => {
      save([cos, sin]);
      return tf.add(tf.mul(x, cos), tf.mul(swapHalves(x), sin)) as T;
    },
    (dy, [savedCos, savedSin]) => ({
      x: () => tf.add(tf.mul(dy, savedCos), swapHalves(tf.mul(dy, savedSin))),
    }),
  );
}

/**
 * Cosines and sines of the angles position · base^(−2i / size); the sines of the first half negated, as `rotary` takes
 * them.
 * @param length T @param size d, even @param base 10,000 in Llama; a model's `rope_theta`
 * @param start position of the first row, default 0 @returns two tensors [T, d]; the caller disposes them
 */
export function rotaryTables(
  length: number,
  size: number,
  base = 10000,
  start = 0,
): { cos: tf.Tensor2D; sin: tf.Tensor2D } {
  const cos = new Float32Array(length * size);
  const sin = new Float32Array(length * size);
  const half = size / 2;
  for (let t = 0; t < length; t++) {
    for (let i = 0; i < size; i++) {
      const angle = (start + t) * base ** (-(i % half) / half);
      cos[t * size + i] = Math.cos(angle);
      sin[t * size + i] = i < half ? -Math.sin(angle) : Math.sin(angle);
    }
  }
  return { cos: tf.tensor2d(cos, [length, size]), sin: tf.tensor2d(sin, [length, size]) };
}

/** (a, b) → (b, a) on the halves of the last axis. */
function swapHalves(x: tf.Tensor): tf.Tensor {
  const [first, second] = tf.split(x, 2, -1);
  return tf.concat([second, first], -1);
}
