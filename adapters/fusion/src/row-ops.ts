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
  return rmsNorm(x, tf.ones([x.shape[x.shape.length - 1]]));
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

/** Adds rows to those of a table. @param table [P, D] @param rows numbers [P'] @param added [P', D] @returns [P, D] */
export function addAt(table: tf.Tensor2D, rows: Int32Array, added: tf.Tensor2D): tf.Tensor2D {
  const [P, D] = table.shape;
  const place = new Int32Array(P).fill(rows.length); // the row of zeros
  rows.forEach((row, p) => (place[row] = p));
  return tf.add(table, rowsAt(tf.concat([added, tf.zeros([1, D])], 0), place));
}
