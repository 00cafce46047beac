import * as tf from '@tensorflow/tfjs-core';
import type { ItemVectors } from './item-vectors.js';
import { gatherRows } from '../tensor/gather-rows.js';

/** Item vectors that are one table on the engine. */
export class TableItemVectors implements ItemVectors {
  readonly count: number;
  readonly dimension: number;

  /** @param table [V+1, D] */
  constructor(private readonly table: tf.Tensor) {
    [this.count, this.dimension] = table.shape as [number, number];
  }

  gather(ids: tf.Tensor1D): tf.Tensor2D {
    return gatherRows(this.table as tf.Tensor2D, ids);
  }

  block(from: number, to: number): tf.Tensor2D {
    if (from === 0 && to === this.count) return this.table as tf.Tensor2D;
    return tf.slice(this.table as tf.Tensor2D, [from, 0], [to - from, this.dimension]);
  }
}
