import type * as tf from '@tensorflow/tfjs-core';

/**
 * Vectors of all items, row 0 being padding. Not a bare tensor: an item-side fusion wraps it, and it may live in host
 * memory. Both methods are differentiable inside a gradient tape.
 */
export interface ItemVectors {
  /** V + 1. */
  readonly count: number;
  /** D. */
  readonly dimension: number;
  /** @param ids [N] int32 @returns [N, D] */
  gather(ids: tf.Tensor1D): tf.Tensor2D;
  /** Rows `from` (with) to `to` (without). @returns [to - from, D] */
  block(from: number, to: number): tf.Tensor2D;
  /** `block`, transposed, where it is at hand; without gradient. A product with it takes half the time. @returns [D, to - from] */
  turnedBlock?(from: number, to: number): tf.Tensor2D;
}
