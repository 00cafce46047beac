import * as tf from '@tensorflow/tfjs-core';
import { maskedScore } from './causal-mask.js';
import { customOp } from './tape.js';

export interface SampledSoftmaxOptions {
  /** [P], subtracted from the positive's score: log of its expected count among the negatives. */
  readonly positiveCorrection?: tf.Tensor1D;
  /** [N], subtracted from the negatives' scores: log of the expected count of each. */
  readonly negativeCorrection?: tf.Tensor1D;
  /** [P, N], 1 where the negative must not count for the row (its own positive), else 0. */
  readonly mask?: tf.Tensor2D;
}

/**
 * Cross-entropy of the positive against the positive and N negatives that the rows share (Jean et al. 2015, with the
 * logQ correction of Bengio and Senécal 2008).
 * @param h [P, D] @param positive [P, D] @param negative [N, D] @returns [P]
 */
export function sampledSoftmax(
  h: tf.Tensor2D,
  positive: tf.Tensor2D,
  negative: tf.Tensor2D,
  { positiveCorrection, negativeCorrection, mask }: SampledSoftmaxOptions = {},
): tf.Tensor1D {
  const corrected = (scores: tf.Tensor, by?: tf.Tensor): tf.Tensor => (by ? tf.sub(scores, by) : scores);
  return customOp(
    { h, positive, negative },
    (save) => {
      const own = corrected(tf.sum(tf.mul(h, positive), 1), positiveCorrection); // [P]
      const free = corrected(tf.matMul(h, negative, false, true), negativeCorrection); // [P, N]
      const others = mask ? tf.add(free, tf.mul(mask, maskedScore)) : free; // [P, N]
      const ownColumn = tf.expandDims(own, 1); // [P, 1]
      const largest = tf.maximum(tf.max(others, 1, true), ownColumn); // [P, 1]
      const ownPart = tf.exp(tf.sub(ownColumn, largest)); // [P, 1]
      const parts = tf.exp(tf.sub(others, largest)); // [P, N]
      const sums = tf.add(tf.sum(parts, 1, true), ownPart); // [P, 1]
      save([h, positive, negative, parts, sums]);
      return tf.reshape(tf.sub(tf.add(tf.log(sums), largest), ownColumn), [-1]) as tf.Tensor1D;
    },
    (dy, [savedH, savedPositive, savedNegative, parts, sums]) => {
      const weight = tf.reshape(dy, [-1, 1]); // [P, 1]
      const share = tf.div(weight, sums); // [P, 1]: turns parts into dy · probability
      const others = (): tf.Tensor => tf.mul(tf.sum(parts, 1, true), share); // [P, 1]: dy · (1 − own probability)
      return {
        h: () => tf.sub(tf.mul(tf.matMul(parts, savedNegative), share), tf.mul(savedPositive, others())), // [P, D]
        positive: () => tf.neg(tf.mul(savedH, others())), // [P, D]
        negative: () => tf.matMul(parts, tf.mul(savedH, share), true, false), // [N, D]
      };
    },
  );
}
