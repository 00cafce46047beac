import * as tf from '@tensorflow/tfjs-core';
import { engineKernel } from './engine-kernel.js';

/** The kernel by which an engine changes rows where they stand; without it the whole table is copied. */
export const rowUpdateKernel = 'CocoRowUpdate';

/** Puts new values into some rows of a table. @param ids [U] int32, each once @param values [U, D] */
export function updateRows(table: tf.Variable, ids: tf.Tensor1D, values: tf.Tensor): void {
  const kernel = engineKernel(rowUpdateKernel);
  if (kernel) kernel({ table, ids, values }, {});
  else {
    tf.tidy(() =>
      table.assign(tf.tensorScatterUpdate(table, tf.reshape(ids, [-1, 1]), values) as typeof table),
    );
  }
}
