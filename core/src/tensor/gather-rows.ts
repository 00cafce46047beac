import type * as tf from '@tensorflow/tfjs-core';
import * as direct from './direct.js';
import { collectorOf, customOp } from './tape.js';

/**
 * Rows of a table. The gradient is summed by id straight into the table's shape (tfjs's own gather gradient transposes
 * and, on WASM, lacks a kernel); or it goes to the `RowGradients` that collects for this table.
 * @param table [V, D] @param ids [N] int32 @returns [N, D]
 */
export function gatherRows(table: tf.Tensor2D, ids: tf.Tensor1D): tf.Tensor2D {
  const collector = collectorOf(table);
  if (collector) return collector.gather(table, ids);
  const rows = table.shape[0];
  return customOp(
    { table },
    (save) => {
      save([ids]); // the caller's may be freed before the backward pass
      return direct.gather(table, ids) as tf.Tensor2D; // [N, D]
    },
    (dy, [savedIds]) => ({ table: () => direct.segmentSum(dy, savedIds, rows) }),
  );
}
