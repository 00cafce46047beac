import * as tf from '@tensorflow/tfjs-core';
import type { Backbone } from '../specification/backbone.js';
import { type EncodedRows, demandShape } from '../specification/encoded-rows.js';
import type { PreparedBatch, Rows } from '../specification/batch.js';
import type { FuseResult, FusionStrategy } from '../specification/fusion-strategy.js';
import type { ItemVectors } from '../specification/item-vectors.js';
import type { Parameters } from '../specification/parameters.js';
import type { Pass } from '../specification/pass.js';
import type { StepLoss } from '../specification/stage.js';

/** What a pass of the model reads. */
export interface ModelInput {
  readonly batch: PreparedBatch;
  /** What the fusion's `prepare` returned. */
  readonly prepared: unknown;
  readonly pass: Pass;
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

  /** The bare backbone's row states. */
  encodeRows(batch: PreparedBatch, items: ItemVectors, pass: Pass): EncodedRows {
    const { id, dimension: D } = this.backbone;
    const encoded = this.backbone.encodeRows(batch, items, pass);
    demandShape(encoded.h, { P: batch.rows.count, D }, `Backbone "${id}": encodeRows`);
    return encoded;
  }

  /** Training loss of blocks that make one step: the mean over all their rows; call inside the tape. */
  stepLoss(blocks: readonly ModelInput[]): StepLoss {
    const items = this.itemVectors();
    const results = blocks.map((block) => this.fuseRows(block, items));
    const rows = joinRows(blocks.map(({ batch }) => batch));
    const h =
      results.length === 1
        ? results[0].h
        : tf.concat2d(
            results.map((result) => result.h),
            0,
          ); // [P, D]
    const recommendation = tf.mean(this.rowLoss(h, rows, items, blocks[0].pass)) as tf.Scalar;
    const parts: Record<string, tf.Scalar> = { recommendation };
    let total = recommendation;
    results.forEach(({ losses }, n) => {
      const share = blocks[n].batch.rows.count / rows.count;
      for (const [name, { value, weight }] of Object.entries(losses ?? {})) {
        const own: tf.Scalar = blocks.length === 1 ? value : tf.mul(value, share);
        parts[name] = name in parts ? tf.add(parts[name], own) : own;
        total = tf.add(total, tf.mul(own, weight));
      }
    });
    return { total, parts };
  }

  private fuseRows({ batch, prepared, pass }: ModelInput, items: ItemVectors): FuseResult {
    const encoded = this.encodeRows(batch, items, pass);
    const { h } = encoded;
    if (!this.fused) return { h };
    const rowLoss = (x: tf.Tensor2D, rows: Rows): tf.Tensor1D => this.rowLoss(x, rows, items, pass);
    const fused = this.fusion.fuse(h, {
      batch,
      get states() {
        return encoded.states; // few fusions read them, and not every backbone has them at hand
      },
      items,
      pass,
      rowLoss,
      prepared,
    });
    demandShape(fused.h, { P: batch.rows.count, D: h.shape[1] }, `Fusion "${this.fusion.id}": fuse`);
    return fused;
  }

  /** Training loss of each row; inside the tape. @returns [P] */
  rowLoss(h: tf.Tensor2D, rows: Rows, items: ItemVectors, pass: Pass): tf.Tensor1D {
    const loss = this.backbone.rowLoss(h, rows, items, pass);
    demandShape(loss, { P: rows.count }, `Backbone "${this.backbone.id}": rowLoss`);
    return loss;
  }

  /** Scores of the items `from` (with) to `to` (without). @returns [P, N], N = to - from */
  scores(h: tf.Tensor2D, items: ItemVectors, from: number, to: number): tf.Tensor2D {
    const scores = this.backbone.scores(h, items, from, to);
    demandShape(scores, { P: h.shape[0], N: to - from }, `Backbone "${this.backbone.id}": scores`);
    return scores;
  }

  /** The state that scores are made from, for each row, without dropout. @returns [P, D] */
  rowStates(batch: PreparedBatch, prepared: unknown, pass: Pass): tf.Tensor2D {
    return this.fuseRows({ batch, prepared, pass }, this.itemVectors()).h;
  }

  dispose(): void {
    this.fusion.dispose();
    this.backbone.dispose();
    this.parameters.dispose();
  }
}

/** The rows of blocks as those of one batch, the blocks' sequences counted on. */
function joinRows(batches: readonly PreparedBatch[]): Rows {
  if (batches.length === 1) return batches[0].rows;
  let sequences = 0;
  const starts = batches.map(({ batchSize }) => (sequences += batchSize) - batchSize);
  const join = (pick: (rows: Rows, start: number) => Int32Array): Int32Array =>
    Int32Array.from(batches.flatMap(({ rows }, n) => [...pick(rows, starts[n])]));
  return {
    count: batches.reduce((sum, { rows }) => sum + rows.count, 0),
    sequence: join((rows, start) => rows.sequence.map((b) => start + b)),
    position: join((rows) => rows.position),
    user: join((rows) => rows.user),
    target: join((rows) => rows.target),
    visibleUntil: join((rows) => rows.visibleUntil),
  };
}
