import * as tf from '@tensorflow/tfjs-core';
import { gatherRows } from '../tensor/gather-rows.js';
import type { Rows } from './batch.js';

/** What a pass of a backbone gives. */
export interface EncodedRows {
  /** [P, D], the states of the batch's rows. */
  readonly h: tf.Tensor2D;
  /** [B, T, D], the states of all positions; may be made when it is read, inside the same tidy and tape. */
  readonly states: tf.Tensor3D;
}

/** The states at the rows. @param states [B, T, D] @returns [P, D] */
export function rowsOf(states: tf.Tensor3D, rows: Rows): tf.Tensor2D {
  const [batchSize, length, dimension] = states.shape;
  const ids = rows.sequence.map((b, p) => b * length + rows.position[p]);
  return gatherRows(tf.reshape(states, [batchSize * length, dimension]), tf.tensor1d(ids, 'int32'));
}
