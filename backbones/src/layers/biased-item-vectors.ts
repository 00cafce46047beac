import * as tf from '@tensorflow/tfjs-core';
import { type ItemVectors, gatherRows } from '@coco-rec/core';

/**
 * Item vectors with each item's bias as a last element, for states with a 1 there: any loss and any score of the two is
 * then that of the dot product plus the bias.
 */
export class BiasedItemVectors implements ItemVectors {
  readonly count: number;
  readonly dimension: number;

  /** @param items of width D @param bias [V+1, 1] */
  constructor(
    private readonly items: ItemVectors,
    private readonly bias: tf.Tensor2D,
  ) {
    this.count = items.count;
    this.dimension = items.dimension + 1;
  }

  /** @returns [N, D + 1] */
  gather(ids: tf.Tensor1D): tf.Tensor2D {
    return tf.concat2d([this.items.gather(ids), gatherRows(this.bias, ids)], 1);
  }

  /** @returns [to - from, D + 1] */
  block(from: number, to: number): tf.Tensor2D {
    return tf.concat2d([this.items.block(from, to), tf.slice(this.bias, [from, 0], [to - from, 1])], 1);
  }
}

/** The state that such vectors are multiplied with. @param h [P, D] @returns [P, D + 1] */
export function withOne(h: tf.Tensor2D): tf.Tensor2D {
  return tf.concat2d([h, tf.ones([h.shape[0], 1])], 1);
}
