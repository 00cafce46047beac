import * as tf from '@tensorflow/tfjs-core';
import { type SoftmaxProblem, softmaxBlocks } from './softmax-blocks.js';
import { customOp, tapeIsOn } from './tape.js';

export interface LinearCrossEntropyOptions {
  /** [V], added to the logits. */
  readonly bias?: tf.Tensor1D;
  /** The first row of the table that takes part in the softmax; rows below are padding. Default 1. */
  readonly firstItem?: number;
}

/** exp(reach) times any number of items is far from the largest float32, exp(88). */
const reach = 60;
/** Smaller sums have lost digits: the shift was too high. */
const smallestSum = 1e-25;

/**
 * Cross-entropy of softmax(h · tableᵀ + bias), without one-hot labels and without keeping anything of size P · V. The
 * table's gradient is computed in the forward pass, for equal weights of all rows, which a mean or a sum gives them; if
 * the weights turn out to differ, the backward pass computes it again.
 * @param h [P, D] @param table [V, D] @param labels [P] int32, rows of the table, `firstItem` or more @returns [P]
 */
export function linearCrossEntropy(
  h: tf.Tensor2D,
  table: tf.Tensor2D,
  labels: tf.Tensor1D,
  { bias, firstItem = 1 }: LinearCrossEntropyOptions = {},
): tf.Tensor1D {
  const withGradient = tapeIsOn();
  const [rows, size] = table.shape;
  return customOp(
    { h, table, bias },
    (save) => {
      const { problem, own } = pose({ h, table, labels, bias, firstItem });
      let result = softmaxBlocks(problem, { withGradient });
      if (!inRange(result.sums)) result = softmaxBlocks(problem, { withGradient, exact: true });
      const { sums, shifts, means, itemGradient } = result;
      if (means && itemGradient) {
        const dh = tf.sub(columns(means, size), tf.gather(table, labels)); // [P, D], for a weight of 1
        const dTable = withLabels(itemGradient, problem.states, labels, rows); // [V, D (+1)], for weights of 1
        save([dh, dTable, h, table, labels, ...(bias ? [bias] : [])]);
      }
      return tf.add(tf.log(sums), tf.sub(shifts, own)) as tf.Tensor1D; // [P]
    },
    (dy, [dh, dTable, ...saved]) => {
      const weights = dy.dataSync();
      const isEqual = weights.every((weight) => weight === weights[0]);
      const wide = (): tf.Tensor2D =>
        isEqual ? tf.mul(dTable as tf.Tensor2D, weights[0] ?? 0) : weightedGradient(saved, firstItem, dy); // [V, D (+1)]
      return {
        h: () => tf.mul(dh, tf.reshape(dy, [-1, 1])),
        table: () => (bias ? columns(wide(), size) : wide()),
        bias: () => tf.reshape(tf.slice(wide(), [0, size]), [rows]),
      };
    },
  );
}

interface Input extends LinearCrossEntropyOptions {
  readonly h: tf.Tensor2D;
  readonly table: tf.Tensor2D;
  readonly labels: tf.Tensor1D;
  readonly firstItem: number;
}

/** @returns the softmax to be computed, and each row's logit of its own label [P] */
function pose({ h, table, labels, bias, firstItem }: Input): { problem: SoftmaxProblem; own: tf.Tensor1D } {
  const [count, width] = table.shape;
  const body = tf.slice(table, [firstItem, 0], [count - firstItem, width]);
  const items = bias
    ? tf.concat2d([body, tf.expandDims<tf.Tensor2D>(tf.slice(bias, firstItem), 1)], 1)
    : body;
  const states = bias ? tf.concat2d([h, tf.ones<tf.Rank.R2>([h.shape[0], 1])], 1) : h;
  const scored = tf.sum<tf.Tensor1D>(tf.mul(h, tf.gather(table, labels)), 1); // [P]
  const own = bias ? tf.add(scored, tf.gather(bias, labels)) : scored;
  // A row's largest logit lies between its own label's and this bound. Exponentials of what is at most `reach` above the
  // shift cannot overflow; they only underflow if the bound is far too wide, and then the sums show it.
  const squares = (x: tf.Tensor): tf.Tensor => tf.sum(tf.square(x), 1);
  const bound = tf.sqrt(tf.mul(squares(states), tf.max(squares(items)))); // [P]
  return {
    problem: { states, items, shifts: tf.maximum(own, tf.sub(bound, reach)) },
    own: own as tf.Tensor1D,
  };
}

function inRange(sums: tf.Tensor1D): boolean {
  return sums.dataSync().every((sum) => sum > smallestSum && sum < Infinity);
}

/** The table's gradient where the rows' weights differ. @param dy [P], the weights @returns [V, D (+1)] */
function weightedGradient(saved: tf.Tensor[], firstItem: number, dy: tf.Tensor1D): tf.Tensor2D {
  const [h, table, labels, bias] = saved as [tf.Tensor2D, tf.Tensor2D, tf.Tensor1D, tf.Tensor1D | undefined];
  const { problem } = pose({ h, table, labels, bias, firstItem });
  const { itemGradient } = softmaxBlocks(problem, { withGradient: true, exact: true, weights: dy });
  const weighted = tf.mul(problem.states, tf.reshape(dy, [-1, 1])) as tf.Tensor2D; // [P, D (+1)]
  return withLabels(itemGradient as tf.Tensor2D, weighted, labels, table.shape[0]);
}

/** Adds rows for the padding and subtracts each state at its label. @returns [rows, D (+1)] */
function withLabels(
  gradient: tf.Tensor2D,
  states: tf.Tensor2D,
  labels: tf.Tensor1D,
  rows: number,
): tf.Tensor2D {
  const padding = rows - gradient.shape[0];
  const whole =
    padding > 0
      ? tf.pad(gradient, [
          [padding, 0],
          [0, 0],
        ])
      : gradient;
  return tf.sub(whole, tf.unsortedSegmentSum(states, labels, rows));
}

function columns(x: tf.Tensor2D, count: number): tf.Tensor2D {
  return tf.slice(x, [0, 0], [x.shape[0], count]);
}
