import * as tf from '@tensorflow/tfjs-core';
import { l2Normalise } from './normalise.js';
import { customOp } from './tape.js';

/**
 * Cosine of the angle between the vectors of the last axis. With a zero vector it is 0.
 * @param a [..., D] @param b [..., D], the same shape @returns [...]
 */
export function cosine(a: tf.Tensor, b: tf.Tensor, epsilon = 1e-8): tf.Tensor {
  return customOp(
    { a, b },
    (save) => {
      const unitA = l2Normalise(a, epsilon); // [..., D]
      const unitB = l2Normalise(b, epsilon); // [..., D]
      const value = tf.sum(tf.mul(unitA, unitB), -1, true); // [..., 1]
      save([a, b, unitA, unitB, value]);
      return tf.squeeze(value, [-1]);
    },
    (dy, [savedA, savedB, unitA, unitB, value]) => {
      const along = (x: tf.Tensor, unit: tf.Tensor, other: tf.Tensor) => (): tf.Tensor => {
        const inverse = tf.rsqrt(tf.add(tf.sum(tf.square(x), -1, true), epsilon)); // [..., 1]
        const weight = tf.mul(tf.expandDims(dy, -1), inverse); // [..., 1]
        return tf.mul(tf.sub(other, tf.mul(unit, value)), weight); // [..., D]
      };
      return { a: along(savedA, unitA, unitB), b: along(savedB, unitB, unitA) };
    },
  );
}
