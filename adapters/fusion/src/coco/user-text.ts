/**
 * The titles at the user side without the language model in between, as in `concat`: h = h_RS + W [h_RS; u], u the mean
 * title vector of what a row has seen, for every row and before it is aligned. Not in the paper, in which a user's
 * knowledge passes through the language model only: that pass serves a few rows of a history, this costs next to
 * nothing and serves all. W starts at 0, so that a fused model starts as its backbone; a row that sees no title keeps
 * its state.
 */
import * as tf from '@tensorflow/tfjs-core';
import { type Parameters, type PreparedBatch, constant, linear } from '@coco-rec/core';
import type { RowVectors, UserVectors } from '../user-vectors.js';

export class UserText {
  private readonly weight: tf.Variable;

  /** @param user mean title vectors, w wide @param dimension D */
  constructor(
    parameters: Parameters,
    private readonly user: UserVectors,
    dimension: number,
  ) {
    // One map for all users: the decay that an item table needs would hold it back.
    const kept = { weightDecay: false };
    this.weight = parameters.variable('weight', [dimension + user.width, dimension], constant(0), kept);
  }

  /** The vectors of a batch's rows, made before the tape. */
  load(batch: PreparedBatch): RowVectors {
    return this.user.ofRows(batch);
  }

  /** @param h [P, D] @returns [P, D] */
  join(h: tf.Tensor2D, { vectors, present }: RowVectors): tf.Tensor2D {
    const added = linear(tf.concat2d([h, vectors], 1), this.weight); // [P, D]
    return tf.add(h, tf.mul(added, present));
  }
}
