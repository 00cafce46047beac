/**
 * The titles at the user side without the language model in between, as in `concat`: h = h_RS + W [h_RS; u], u the mean
 * title vector of what a row has seen, for every row and before it is aligned. Not in the paper, in which a user's
 * knowledge passes through the language model only: that pass serves a few rows of a history, this costs next to
 * nothing and serves all. W starts at 0, so that a fused model starts as its backbone.
 */
import * as tf from '@tensorflow/tfjs-core';
import { type Parameters, type PreparedBatch, constant, linear } from '@coco-rec/core';
import { type ItemText, historyMeans } from '../item-text.js';
import type { VectorTable } from '../whiten.js';

export class UserText {
  private readonly weight: tf.Variable;

  /** @param features title vectors [V+1, w] @param dimension D */
  constructor(
    parameters: Parameters,
    private readonly text: ItemText,
    private readonly features: VectorTable,
    dimension: number,
  ) {
    this.weight = parameters.variable('weight', [dimension + features.width, dimension], constant(0));
  }

  /** The mean vectors of a batch's rows, on the engine; no function of any weight. @returns [P, w] */
  load(batch: PreparedBatch): tf.Tensor2D {
    const { means } = historyMeans(batch, this.text, this.features);
    return tf.tensor2d(means, [batch.rows.count, this.features.width]);
  }

  /** @param h [P, D] @param means of `load` @returns [P, D] */
  join(h: tf.Tensor2D, means: tf.Tensor2D): tf.Tensor2D {
    return tf.add(h, linear(tf.concat2d([h, means], 1), this.weight)); // [P, D]
  }
}
