import * as tf from '@tensorflow/tfjs-core';

/** What is added to the score of a key that may not be seen. Not −Infinity: a row of those has a NaN softmax. */
export const maskedScore = -1e9;

/**
 * Additive mask for `attention`: position t sees positions 0..t, and no padding.
 * @param lengths [B] real positions of each row, padding on the right; leave it out where no padded query matters (a
 *   real query never sees the padding to its right). Of an empty row the first place is seen, so that its state does not
 *   depend on T. @param length T
 * @returns [B, 1, T, T], or [1, 1, T, T] without lengths: 0 or −1e9
 */
export function causalMask(lengths: Int32Array | undefined, length: number): tf.Tensor4D {
  return maskOf(lengths, length, length, (query, key, valid) => key <= query && key < valid);
}

/** Additive mask for `attention` that hides padding only, but the first place of an empty row. @returns [B, 1, 1, T]: 0 or −1e9 */
export function paddingMask(lengths: Int32Array, length: number): tf.Tensor4D {
  return maskOf(lengths, 1, length, (_query, key, valid) => key < valid);
}

function maskOf(
  lengths: Int32Array | undefined,
  queries: number,
  length: number,
  sees: (query: number, key: number, valid: number) => boolean,
): tf.Tensor4D {
  const batchSize = lengths?.length ?? 1;
  const mask = new Float32Array(batchSize * queries * length);
  let i = 0;
  for (let b = 0; b < batchSize; b++) {
    const valid = Math.max(1, lengths?.[b] ?? length);
    for (let query = 0; query < queries; query++) {
      for (let key = 0; key < length; key++) mask[i++] = sees(query, key, valid) ? 0 : maskedScore;
    }
  }
  return tf.tensor4d(mask, [batchSize, 1, queries, length]);
}
