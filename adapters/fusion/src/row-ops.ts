/** Small ops on rows that are chosen by an array in host memory. */
import * as tf from '@tensorflow/tfjs-core';
import { gatherRows, l2Normalise, maskedScore, rmsNorm, withoutTape } from '@coco-rec/core';

/** @param table [N, D] @param ids row numbers @returns [ids, D] */
export function rowsAt(table: tf.Tensor, ids: Int32Array): tf.Tensor2D {
  return gatherRows(table as tf.Tensor2D, tf.tensor1d(ids, 'int32'));
}

/** The same values, as constants for the gradient. */
export function constantOf<T extends tf.Tensor>(x: T): T {
  return withoutTape(() => tf.clone(x));
}

/** RMS norm without a gain. */
export function unitScale<T extends tf.Tensor>(x: T): T {
  return rmsNorm(x, undefined);
}

/** Each vector scaled to the length `norm`; a zero vector stays zero. */
export function rescale<T extends tf.Tensor>(x: T, norm: number): T {
  return tf.mul(l2Normalise(x), norm) as T;
}

/**
 * Additive attention mask of rows: row p sees the entries below `visible[p]`.
 * @returns [P, 1, 1, N]
 */
export function prefixMask(visible: ArrayLike<number>, N: number): tf.Tensor4D {
  const values = new Float32Array(visible.length * N).fill(maskedScore);
  for (let p = 0; p < visible.length; p++) values.fill(0, p * N, p * N + Math.min(N, visible[p]));
  return tf.tensor4d(values, [visible.length, 1, 1, N]);
}

/** A table with some rows replaced. @param table [P, D] @param rows numbers [P'] @param by [P', D] @returns [P, D] */
export function replaceAt(table: tf.Tensor2D, rows: Int32Array, by: tf.Tensor2D): tf.Tensor2D {
  const source = Int32Array.from({ length: table.shape[0] }, (_, p) => p);
  rows.forEach((row, p) => (source[row] = table.shape[0] + p));
  return rowsAt(tf.concat([table, by], 0), source);
}
