import * as tf from '@tensorflow/tfjs-core';
import { customOp } from './tape.js';

export interface LinearCrossEntropyOptions {
  /** [V], added to the logits. */
  readonly bias?: tf.Tensor1D;
  /** The first row of the table that takes part in the softmax; rows below are padding. Default 1. */
  readonly firstItem?: number;
}

/**
 * Cross-entropy of softmax(h · tableᵀ + bias) without one-hot labels.
 * @param h [P, D] @param table [V, D] @param labels [P] int32, rows of the table, `firstItem` or more @returns [P]
 */
export function linearCrossEntropy(
  h: tf.Tensor2D,
  table: tf.Tensor2D,
  labels: tf.Tensor1D,
  { bias, firstItem = 1 }: LinearCrossEntropyOptions = {},
): tf.Tensor1D {
  const [count, size] = table.shape;
  const candidates = count - firstItem;
  const body = (rows: tf.Tensor2D): tf.Tensor2D => tf.slice(rows, [firstItem, 0], [candidates, size]);
  return customOp(
    { h, table, bias },
    (save) => {
      const product = tf.matMul(h, body(table), false, true); // [P, V]
      const logits = bias ? tf.add(product, tf.slice(bias, firstItem, candidates)) : product;
      const shifted = tf.sub(logits, tf.max(logits, 1, true)); // [P, V]
      const exponentials = tf.exp(shifted); // [P, V]
      const sums = tf.sum(exponentials, 1, true); // [P, 1]
      const own = tf.gather(tf.reshape(shifted, [-1]), places(labels, firstItem, candidates)); // [P]
      save([h, table, labels, exponentials, sums]);
      return tf.sub(tf.log(tf.reshape(sums, [-1])), own) as tf.Tensor1D;
    },
    (dy, [savedH, savedTable, savedLabels, exponentials, sums]) => {
      const weight = tf.reshape(dy, [-1, 1]); // [P, 1]
      const share = tf.div(weight, sums); // [P, 1]: turns exponentials into dy · probability
      const ids = savedLabels as tf.Tensor1D;
      const wide = (x: tf.Tensor): tf.Tensor =>
        tf.pad(
          x,
          x.rank === 1
            ? [[firstItem, 0]]
            : [
                [firstItem, 0],
                [0, 0],
              ],
        );
      return {
        h: () => {
          const mean = tf.matMul(exponentials, body(savedTable as tf.Tensor2D)); // [P, D]
          return tf.sub(tf.mul(mean, share), tf.mul(tf.gather(savedTable, ids), weight)); // [P, D]
        },
        table: () => {
          const all = tf.matMul(exponentials, tf.mul(savedH, share), true, false); // [V, D]
          return tf.sub(wide(all), tf.unsortedSegmentSum(tf.mul(savedH, weight), ids, count));
        },
        bias: () => {
          const all = tf.reshape(tf.matMul(exponentials, share, true, false), [-1]); // [V]
          return tf.sub(wide(all), tf.unsortedSegmentSum(tf.reshape(dy, [-1]) as tf.Tensor1D, ids, count));
        },
      };
    },
  );
}

/** Place of each row's label in the flattened logits. @returns [P] int32 */
function places(labels: tf.Tensor1D, firstItem: number, candidates: number): tf.Tensor1D {
  const starts = tf.range(0, labels.shape[0] * candidates, candidates, 'int32'); // [P]
  return tf.add(starts, tf.sub(labels, tf.scalar(firstItem, 'int32'))) as tf.Tensor1D;
}
