import * as tf from '@tensorflow/tfjs-core';
import { hash32 } from '../random.js';
import { mul } from './direct.js';
import { customOp } from './tape.js';

/** Dropout inside an op. */
export interface DropoutOptions {
  /** In [0, 1), kept to 1/65536. */
  readonly rate: number;
  /** Names the mask. */
  readonly key: number;
  /** The row number of each entry of the first dimension, where x holds some rows of a larger tensor. */
  readonly rows?: Int32Array;
}

/**
 * Dropout with a mask from a counter-based generator, the same numbers on every engine. Each 32-bit hash serves two
 * elements, so the rate is kept to 1/65536.
 * @param x any shape @param rate in [0, 1) @param key names the mask
 * @param rows row numbers: x's first dimension holds these rows of a larger tensor and gets the mask they have there
 * @returns x's shape
 */
export function dropout<T extends tf.Tensor>(x: T, rate: number, key: number, rows?: Int32Array): T {
  return customOp(
    { x },
    (save) => {
      const mask = dropoutMask(x.shape, { rate, key, rows });
      save([mask]);
      return mul(x, mask) as T;
    },
    (dy, [mask]) => ({ x: () => mul(dy, mask) }),
  );
}

/** The mask of `dropout`: 0 with probability `rate`, else 1 / (1 − rate). @returns [...shape] float32 */
export function dropoutMask(shape: readonly number[], { rate, key, rows }: DropoutOptions): tf.Tensor {
  const mask = new Float32Array(shape.reduce((a, b) => a * b, 1));
  const threshold = Math.round(rate * 65536);
  if (!rows) {
    fillMask(mask, 0, key, threshold);
  } else {
    const width = mask.length / Math.max(1, rows.length);
    rows.forEach((row, i) =>
      fillMask(mask.subarray(i * width, (i + 1) * width), row * width, key, threshold),
    );
  }
  return tf.tensor(mask, [...shape], 'float32');
}

/**
 * Element number `start + i` takes the low half of its pair's hash if even, the high half if odd. The hash is `hash32`,
 * written out: with what the key alone decides kept out of the loop, no branches, and the mask's numbers put down as the
 * bits of a float, it is several times as fast.
 */
function fillMask(mask: Float32Array, start: number, key: number, threshold: number): void {
  const out = new Int32Array(mask.buffer, mask.byteOffset, mask.length);
  const open = new Int32Array(Float32Array.of(1 / (1 - threshold / 65536)).buffer)[0];
  const below = threshold - 1; // (below − x) >> 31 has all bits where x ≥ threshold, else none
  const stir = Math.imul(key, 0x9e3779b9);
  let i = 0;
  if (start % 2 === 1 && out.length > 0) out[i++] = open & ((below - (hash32(key, start - 1) >>> 16)) >> 31);
  for (; i + 1 < out.length; i += 2) {
    let x = (start + i) ^ key;
    x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
    x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
    x = x ^ (x >>> 16) ^ stir;
    x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
    x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
    x ^= x >>> 16;
    out[i] = open & ((below - (x & 0xffff)) >> 31);
    out[i + 1] = open & ((below - (x >>> 16)) >> 31);
  }
  if (i < out.length) out[i] = open & ((below - (hash32(key, start + i) & 0xffff)) >> 31);
}
