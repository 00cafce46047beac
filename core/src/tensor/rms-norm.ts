import * as tf from '@tensorflow/tfjs-core';
import { customOp } from './tape.js';

/**
 * Root-mean-square normalisation over the last axis: x / √(mean(x²) + epsilon) · gain (Zhang and Sennrich 2019).
 * @param x [..., D] @param gain [D]; undefined: 1 @returns x's shape
 */
export function rmsNorm<T extends tf.Tensor>(x: T, gain: tf.Tensor | undefined, epsilon = 1e-6): T {
  return customOp(
    { x, gain },
    (save) => {
      const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(x), -1, true), epsilon)); // [..., 1]
      const normal = tf.mul(x, inverse); // [..., D]
      save(gain ? [normal, inverse, gain] : [normal, inverse]);
      return (gain ? tf.mul(normal, gain) : tf.clone(normal)) as T;
    },
    (dy, [normal, inverse, savedGain]) => ({
      x: () => {
        const scaled = gain ? tf.mul(dy, savedGain) : dy; // [..., D]
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
