/**
 * A semantic objective for the language model side (a lever, off by default): the decoupled knowledge of a row predicts
 * the title vector of the next item among those of the batch, so that user knowledge and item text share a space.
 */
import * as tf from '@tensorflow/tfjs-core';
import { type Parameters, l2Normalise, linear, maskedScore, xavier } from '@coco-rec/core';
import { copyRows } from '../fused-rows.js';
import { type ItemText, isDescribed } from '../item-text.js';
import { rowsAt } from '../row-ops.js';
import type { VectorTable } from '../whiten.js';
import type { PureKnowledge } from './decouple.js';

export class Semantic {
  private readonly projection: tf.Variable;

  /** @param features title vectors [V+1, w] */
  constructor(
    parameters: Parameters,
    dimension: number,
    private readonly text: ItemText,
    private readonly features: VectorTable,
    private readonly temperature: number,
  ) {
    this.projection = parameters.variable('projection', [dimension, features.width], xavier);
  }

  /** @param targets next items of the rows [P'] @returns mean loss over rows whose target has a text */
  loss({ tokens, counts }: PureKnowledge, targets: Int32Array): tf.Scalar {
    const [P, Q, D] = tokens.shape;
    const known = Int32Array.from(targets.keys()).filter((p) => isDescribed(this.text, targets[p]));
    if (known.length === 0) return tf.scalar(0);
    const weights = new Float32Array(P * Q);
    counts.forEach((count, p) => weights.fill(1 / count, p * Q, p * Q + count));
    const means = tf.reshape(tf.matMul(tf.tensor3d(weights, [P, 1, Q]), tokens), [P, D]);
    const guesses = l2Normalise(linear(rowsAt(means, known), this.projection)); // [n, w]
    const items = known.map((p) => targets[p]);
    const { values, width } = this.features;
    const titles = l2Normalise(tf.tensor2d(copyRows(values, width, items), [items.length, width])); // [n, w]
    const scores = tf.div(tf.matMul(guesses, titles, false, true), this.temperature); // [n, n]
    const losses = tf.logSoftmax(tf.add(scores, sameItemMask(items))); // [n, n]
    return tf.neg(tf.div(tf.sum(tf.mul(losses, tf.eye(items.length))), items.length)) as tf.Scalar;
  }
}

/** Another row's target that is the same item is no negative. @returns [n, n] */
function sameItemMask(items: Int32Array): tf.Tensor2D {
  const n = items.length;
  const mask = new Float32Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) if (i !== j && items[i] === items[j]) mask[i * n + j] = maskedScore;
  return tf.tensor2d(mask, [n, n]);
}
