import * as tf from '@tensorflow/tfjs-core';
import { gatherRows } from '@coco-rec/core';

/**
 * Position vectors counted back from each history's newest item, which has the table's last row; padding has any.
 * @param table [maxLength, D] @param lengths [B] @param length T @returns [B, T, D]
 */
export function positionsFromNewest(table: tf.Tensor2D, lengths: Int32Array, length: number): tf.Tensor3D {
  const [maxLength, dimension] = table.shape;
  const ids = new Int32Array(lengths.length * length);
  lengths.forEach((own, b) => {
    for (let t = 0; t < own; t++) ids[b * length + t] = maxLength - own + t;
  });
  return tf.reshape(gatherRows(table, tf.tensor1d(ids, 'int32')), [lengths.length, length, dimension]);
}
