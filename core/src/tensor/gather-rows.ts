import * as tf from '@tensorflow/tfjs-core';

/**
 * Rows of a table. The gradient is summed by id straight into the table's shape (tfjs's own gather gradient transposes
 * and, on WASM, lacks a kernel).
 * @param table [V, D] @param ids [N] int32 @returns [N, D]
 */
export function gatherRows(table: tf.Tensor2D, ids: tf.Tensor1D): tf.Tensor2D {
  const rows = table.shape[0];
  const op = tf.customGrad((x) => ({
    value: tf.gather(x as tf.Tensor2D, ids),
    gradFunc: (dy: tf.Tensor) => tf.unsortedSegmentSum(dy, ids, rows),
  }));
  return op(table) as tf.Tensor2D;
}
