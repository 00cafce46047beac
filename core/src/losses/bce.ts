import { IsInt, Min } from 'class-validator';
import * as tf from '@tensorflow/tfjs-core';
import { Describe } from '../config/describe.js';
import { Random } from '../random.js';
import type { Rows } from '../specification/batch.js';
import type { RowLoss } from '../specification/row-loss.js';
import type { LossContext, LossDescriptor } from './loss.js';
import { Positives } from './positives.js';

/**
 * Binary cross-entropy with uniform negatives of each row's own. Deviation: the mean over the 1 + K terms is taken, where
 * SASRec sums its two, a constant factor.
 */
export class BCELossConfig {
  @Describe('Negatives of each row: items that its user has not had in training. SASRec takes 1.')
  @IsInt()
  @Min(1)
  negatives = 1;
}

export const bceLoss: LossDescriptor<BCELossConfig> = {
  id: 'bce',
  summary: 'Binary cross-entropy of the target against sampled negatives of each row (SASRec).',
  paper: 'Kang and McAuley 2018 (SASRec)',
  config: BCELossConfig,
  create: ({ negatives }, context) => binaryLoss({ negatives, positiveWeight: 1 }, context),
};

const mostTries = 100;

export interface BinaryLossOptions {
  /** K, of each row. */
  readonly negatives: number;
  /** Multiplies the positive term. */
  readonly positiveWeight: number;
}

/** Mean of −w · log σ(target's score) and the K terms −log(1 − σ(negative's score)), by softplus: no score overflows. */
export function binaryLoss(
  { negatives: width, positiveWeight }: BinaryLossOptions,
  context: LossContext,
): RowLoss {
  const { itemCount } = context.dataset;
  const positives = new Positives(context);
  return (states, rows, items, pass) => {
    const random = pass.training ? new Random(pass.nextKey()) : context.random.derive('validation');
    const ids = drawNegatives({ rows, width, itemCount, positives, random });
    const own = tf.sum(tf.mul(states, items.gather(tf.tensor1d(rows.target, 'int32'))), 1); // [P]
    const vectors = items.gather(tf.tensor1d(ids, 'int32')); // [P·K, D]
    const others = scoresOf(states, vectors, width); // [P, K]
    const positiveTerm = tf.mul(tf.softplus(tf.neg(own)), positiveWeight); // [P]
    return tf.div(tf.add(positiveTerm, tf.sum(tf.softplus(others), 1)), width + 1);
  };
}

/** @param states [P, D] @param vectors [P·K, D] @returns [P, K] */
function scoresOf(states: tf.Tensor2D, vectors: tf.Tensor2D, width: number): tf.Tensor2D {
  const [count, size] = states.shape;
  if (width === 1) return tf.sum(tf.mul(states, vectors), 1, true);
  const scores = tf.matMul(tf.reshape(vectors, [count, width, size]), tf.reshape(states, [count, size, 1])); // [P, K, 1]
  return tf.reshape(scores, [count, width]);
}

interface Draw {
  readonly rows: Rows;
  readonly width: number;
  readonly itemCount: number;
  readonly positives: Positives;
  readonly random: Random;
}

/** @returns [P·K] */
function drawNegatives({ rows, width, itemCount, positives, random }: Draw): Int32Array {
  const ids = new Int32Array(rows.count * width);
  let user = NaN;
  for (let p = 0; p < rows.count; p++) {
    if (rows.user[p] !== user) positives.open((user = rows.user[p]));
    for (let n = p * width; n < (p + 1) * width; n++) {
      // A user who has had nearly everything may get one of their own in the end.
      for (let tries = 0; tries < mostTries; tries++) {
        ids[n] = 1 + random.integer(itemCount);
        if (ids[n] !== rows.target[p] && !positives.has(ids[n])) break;
      }
    }
  }
  return ids;
}
