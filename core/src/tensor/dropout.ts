import * as tf from '@tensorflow/tfjs-core';
import { hash32 } from '../random.js';

/**
 * Dropout with a mask from a counter-based generator, the same numbers on every engine. Each 32-bit hash serves two
 * elements, so the rate is kept to 1/65536.
 * @param x any shape @param rate in [0, 1) @param key names the mask @returns x's shape
 */
export function dropout<T extends tf.Tensor>(x: T, rate: number, key: number): T {
  const mask = new Float32Array(x.size);
  const threshold = Math.round(rate * 65536);
  const scale = 1 / (1 - threshold / 65536);
  for (let i = 0; i < mask.length; i += 2) {
    const bits = hash32(key, i);
    if ((bits & 0xffff) >= threshold) mask[i] = scale;
    if (bits >>> 16 >= threshold) mask[i + 1] = scale; // past the end of an odd array: ignored
  }
  return tf.mul(x, tf.tensor(mask, x.shape, 'float32')) as T;
}
