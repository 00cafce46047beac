import type * as tf from '@tensorflow/tfjs-core';
import * as direct from './direct.js';
import { type DropoutOptions, dropoutMask } from './dropout.js';
import { customOp } from './tape.js';

export interface ResidualOptions {
  /** Multiplies the branch. Default 1. */
  readonly scale?: number;
  /** On the branch. Default none. */
  readonly dropout?: DropoutOptions;
}

/**
 * x + dropout(scale · branch).
 * @param x any shape @param branch x's shape @returns x's shape
 */
export function residual<T extends tf.Tensor>(
  x: T,
  branch: tf.Tensor,
  { scale = 1, dropout }: ResidualOptions = {},
): T {
  const through = (values: tf.Tensor, mask: tf.Tensor | undefined): tf.Tensor => {
    const scaled = scale === 1 ? values : direct.scale(values, scale);
    return mask ? direct.mul(scaled, mask) : scaled;
  };
  return customOp(
    { x, branch },
    (save) => {
      const mask = dropout && dropout.rate > 0 ? dropoutMask(branch.shape, dropout) : undefined;
      if (mask) save([mask]);
      return direct.add(x, through(branch, mask)) as T;
    },
    (dy, [mask]) => ({
      x: () => direct.same(dy),
      branch: () => (scale === 1 && !dropout ? direct.same(dy) : through(dy, mask as tf.Tensor | undefined)),
    }),
  );
}
