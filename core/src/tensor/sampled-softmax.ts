import * as tf from '@tensorflow/tfjs-core';
import { maskedScore } from './causal-mask.js';
import * as direct from './direct.js';
import { customOp } from './tape.js';

export interface SampledSoftmaxOptions {
  /** [P], subtracted from the positive's score: log of its expected count among the negatives. */
  readonly positiveCorrection?: tf.Tensor1D;
  /** [N], subtracted from the negatives' scores: log of the expected count of each. */
  readonly negativeCorrection?: tf.Tensor1D;
  /** Places p · N + n where negative n must not count for row p, as its own positives must not. */
  readonly excluded?: Int32Array;
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
  { positiveCorrection, negativeCorrection, excluded }: SampledSoftmaxOptions = {},
): tf.Tensor1D {
  const corrected = (scores: tf.Tensor, by?: tf.Tensor): tf.Tensor => (by ? direct.sub(scores, by) : scores);
  return customOp(
    { h, positive, negative },
    (save) => {
      const own = corrected(direct.sum(direct.mul(h, positive), 1), positiveCorrection); // [P]
      const free = corrected(direct.matMul(h, negative, false, true), negativeCorrection); // [P, N]
      const others = excluded?.length ? direct.fillPlaces(free, excluded, maskedScore) : free; // [P, N]
      const ownColumn = direct.reshape(own, [own.size, 1]); // [P, 1]
      const largest = tf.maximum(direct.maxOfRows(others), ownColumn); // [P, 1]
      const ownPart = direct.exp(direct.sub(ownColumn, largest)); // [P, 1]
      const parts = direct.exp(direct.sub(others, largest)); // [P, N]
      const otherSums = direct.sum(parts, 1, true); // [P, 1]
      const sums = direct.add(otherSums, ownPart); // [P, 1]
      save([h, positive, negative, parts, otherSums, sums]);
      const loss = direct.sub(direct.add(direct.log(sums), largest), ownColumn); // [P, 1]
      return direct.reshape(loss, [own.size]) as tf.Tensor1D;
    },
    (dy, [savedH, savedPositive, savedNegative, parts, otherSums, sums]) => {
      // Turns parts into dy · probability. [P, 1]
      const share = (): tf.Tensor => direct.div(direct.reshape(dy, [dy.size, 1]), sums);
      const others = (): tf.Tensor => direct.mul(otherSums, share()); // [P, 1]: dy · (1 − own probability)
      return {
        h: () => {
          const drawn = direct.mul(direct.matMul(parts, savedNegative), share()); // [P, D]
          return direct.sub(drawn, direct.mul(savedPositive, others()));
        },
        positive: () => direct.mul(savedH, direct.scale(others(), -1)), // [P, D]
        negative: () => direct.matMul(parts, direct.mul(savedH, share()), true, false), // [N, D]
      };
    },
  );
}
