import * as tf from '@tensorflow/tfjs-core';
import type { Backbone } from '../specification/backbone.js';
import type { PreparedBatch, Rows } from '../specification/batch.js';
import type { FusionStrategy } from '../specification/fusion-strategy.js';
import type { ItemVectors } from '../specification/item-vectors.js';
import type { Parameters } from '../specification/parameters.js';
import type { Pass } from '../specification/pass.js';
import { gatherRows } from '../tensor/gather-rows.js';

/** A loss of one step, part by part; scalars. `total` is what is minimised. */
export interface StepLoss {
  readonly total: tf.Scalar;
  readonly parts: Readonly<Record<string, tf.Scalar>>;
}

/** A backbone and a fusion as one model: states → fused states → loss or scores. Knows neither by name. */
export class SequenceModel {
  /** False in the warm start: the fusion is left out. */
  fused = true;

  constructor(
    readonly backbone: Backbone,
    readonly fusion: FusionStrategy,
    readonly parameters: Parameters,
  ) {}

  /** The item vectors that encode, loss and scores see now. */
  itemVectors(): ItemVectors {
    const own = this.backbone.itemVectors();
    return this.fused ? this.fusion.itemVectors(own) : own;
  }

  /** The bare backbone's row states. @returns states of all positions [B, T, D] and of the rows [P, D] */
  encodeRows(batch: PreparedBatch, items: ItemVectors, pass: Pass): { states: tf.Tensor3D; h: tf.Tensor2D } {
    const states = this.backbone.encode(batch, items, pass); // [B, T, D]
    return { states, h: rowsOf(states, batch.rows) };
  }

  /** Training loss; call inside the tape. */
  stepLoss(batch: PreparedBatch, prepared: unknown, pass: Pass): StepLoss {
    const items = this.itemVectors();
    const { states, h } = this.encodeRows(batch, items, pass);
    const rowLoss = (x: tf.Tensor2D, rows: Rows): tf.Tensor1D => this.backbone.rowLoss(x, rows, items, pass);
    if (!this.fused) {
      const recommendation = tf.mean(rowLoss(h, batch.rows)) as tf.Scalar;
      return { total: recommendation, parts: { recommendation } };
    }
    const result = this.fusion.fuse(h, { batch, states, items, pass, rowLoss, prepared });
    const recommendation = tf.mean(rowLoss(result.h, batch.rows)) as tf.Scalar;
    const parts: Record<string, tf.Scalar> = { recommendation };
    let total = recommendation;
    for (const [name, { value, weight }] of Object.entries(result.losses ?? {})) {
      parts[name] = value;
      total = tf.add(total, tf.mul(value, weight));
    }
    return { total, parts };
  }

  /** The state that scores are made from, for each row, without dropout. @returns [P, D] */
  rowStates(batch: PreparedBatch, prepared: unknown, pass: Pass): tf.Tensor2D {
    const items = this.itemVectors();
    const { states, h } = this.encodeRows(batch, items, pass);
    if (!this.fused) return h;
    const rowLoss = (x: tf.Tensor2D, rows: Rows): tf.Tensor1D => this.backbone.rowLoss(x, rows, items, pass);
    return this.fusion.fuse(h, { batch, states, items, pass, rowLoss, prepared }).h;
  }

  dispose(): void {
    this.fusion.dispose();
    this.backbone.dispose();
    this.parameters.dispose();
  }
}

/** The states at the rows. @param states [B, T, D] @returns [P, D] */
export function rowsOf(states: tf.Tensor3D, rows: Rows): tf.Tensor2D {
  const [batchSize, length, dimension] = states.shape;
  const ids = rows.sequence.map((b, p) => b * length + rows.position[p]);
  return gatherRows(tf.reshape(states, [batchSize * length, dimension]), tf.tensor1d(ids, 'int32'));
}
