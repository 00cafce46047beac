import * as tf from '@tensorflow/tfjs-core';
import { customOp } from './tape.js';

/**
 * Scales each vector of the last axis to length 1: x / √(Σx² + epsilon). A zero vector stays zero.
 * @param x [..., D] @returns x's shape
 */
export function l2Normalise<T extends tf.Tensor>(x: T, epsilon = 1e-8): T {
  return customOp(
    { x },
    (save) => {
      const inverse = tf.rsqrt(tf.add(tf.sum(tf.square(x), -1, true), epsilon)); // [..., 1]
      const unit = tf.mul(x, inverse) as T; // [..., D]
      save([unit, inverse]);
      return unit;
    },
    (dy, [unit, inverse]) => ({
      x: () => tf.mul(tf.sub(dy, tf.mul(unit, tf.sum(tf.mul(dy, unit), -1, true))), inverse),
    }),
  );
}
