import * as tf from '@tensorflow/tfjs-core';
import { customOp } from './tape.js';

/**
 * Root-mean-square normalisation over the last axis: x / √(mean(x²) + epsilon) · gain (Zhang and Sennrich 2019).
 * @param x [..., D] @param gain [D] @returns x's shape
 */
export function rmsNorm<T extends tf.Tensor>(x: T, gain: tf.Tensor, epsilon = 1e-6): T {
  return customOp(
    { x, gain },
    (save) => {
      const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(x), -1, true), epsilon)); // [..., 1]
      const normal = tf.mul(x, inverse); // [..., D]
      save([normal, inverse, gain]);
      return tf.mul(normal, gain) as T;
    },
    (dy, [normal, inverse, savedGain]) => ({
      x: () => {
        const scaled = tf.mul(dy, savedGain); // [..., D]
        const along = tf.mean(tf.mul(scaled, normal), -1, true); // [..., 1]
        return tf.mul(tf.sub(scaled, tf.mul(normal, along)), inverse); // [..., D]
      },
      gain: () => {
        const leading = dy.shape.slice(0, -1).map((_, axis) => axis);
        return tf.sum(tf.mul(dy, normal), leading); // [D]
      },
    }),
  );
}
