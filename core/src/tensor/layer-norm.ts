import * as tf from '@tensorflow/tfjs-core';
import { customOp } from './tape.js';

/**
 * Layer normalisation over the last axis: (x − mean) / √(variance + epsilon) · gain + bias (Ba et al. 2016).
 * @param x [..., D] @param gain [D] @param bias [D] @returns x's shape
 */
export function layerNorm<T extends tf.Tensor>(x: T, gain: tf.Tensor, bias: tf.Tensor, epsilon = 1e-5): T {
  return customOp(
    { x, gain, bias },
    (save) => {
      const centred = tf.sub(x, tf.mean(x, -1, true)); // [..., D]
      const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), epsilon)); // [..., 1]
      const normal = tf.mul(centred, inverse); // [..., D]
      save([normal, inverse, gain]);
      return tf.add(tf.mul(normal, gain), bias) as T;
    },
    (dy, [normal, inverse, savedGain]) => {
      const leading = dy.shape.slice(0, -1).map((_, axis) => axis);
      return {
        x: () => {
          const scaled = tf.mul(dy, savedGain); // [..., D]
          const along = tf.mean(tf.mul(scaled, normal), -1, true); // [..., 1]
          const inner = tf.sub(tf.sub(scaled, tf.mean(scaled, -1, true)), tf.mul(normal, along));
          return tf.mul(inner, inverse); // [..., D]
        },
        gain: () => tf.sum(tf.mul(dy, normal), leading), // [D]
        bias: () => tf.sum(dy, leading), // [D]
      };
    },
  );
}
