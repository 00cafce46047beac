import * as tf from '@tensorflow/tfjs-core';
import { type PreparedBatch, gatherRows, maskedScore } from '@coco-rec/core';

/** @returns item ids with the newest last, and 1 where one is; both [B·length] */
export function paddedOnLeft(
  batch: PreparedBatch,
  length: number,
): { ids: Int32Array; isItem: Float32Array } {
  const { batchSize, items, lengths } = batch;
  const ids = new Int32Array(batchSize * length);
  for (let b = 0; b < batchSize; b++) {
    const own = items.subarray(b * batch.length, b * batch.length + lengths[b]);
    ids.set(own, (b + 1) * length - own.length);
  }
  return { ids, isItem: Float32Array.from(ids, (id) => (id > 0 ? 1 : 0)) };
}

/** States of histories padded on the left, as a batch has them, padded on the right. @param states [B, S, D] @returns [B, T, D] */
export function fromTheLeft(states: tf.Tensor3D, { length: T, lengths }: PreparedBatch): tf.Tensor3D {
  const [B, S, D] = states.shape;
  const places = new Int32Array(B * T).fill(S - 1); // padding takes the last state
  for (let b = 0; b < B; b++) {
    for (let t = 0; t < lengths[b]; t++) places[b * T + t] = S - lengths[b] + t;
  }
  const rows = places.map((place, i) => Math.floor(i / T) * S + place);
  const flat: tf.Tensor2D = tf.reshape(states, [B * S, D]);
  return tf.reshape(gatherRows(flat, tf.tensor1d(rows, 'int32')), [B, T, D]);
}

/**
 * An item sees itself and earlier items. Padding, on the left, sees everything: the mask of BSARec's authors lowers all of
 * its scores alike, which changes nothing. @returns [B, 1, S, S]: 0 or −1e9
 */
export function leftPaddingMask(lengths: Int32Array, length: number): tf.Tensor4D {
  const mask = new Float32Array(lengths.length * length * length);
  lengths.forEach((own, b) => {
    const first = length - own;
    for (let query = first; query < length; query++) {
      const row = (b * length + query) * length;
      mask.fill(maskedScore, row, row + first).fill(maskedScore, row + query + 1, row + length);
    }
  });
  return tf.tensor4d(mask, [lengths.length, 1, length, length]);
}

/** What the last place sees by `leftPaddingMask`. @returns [B, 1, 1, S] */
export function newestLeftPaddingMask(lengths: Int32Array, length: number): tf.Tensor4D {
  const mask = new Float32Array(lengths.length * length);
  lengths.forEach((own, b) => {
    if (own > 0) mask.fill(maskedScore, b * length, (b + 1) * length - own);
  });
  return tf.tensor4d(mask, [lengths.length, 1, 1, length]);
}
