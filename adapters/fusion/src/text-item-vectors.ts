import * as tf from '@tensorflow/tfjs-core';
import {
  type ItemVectors,
  type Parameters,
  constant,
  gatherRows,
  gelu,
  linear,
  tapeIsOn,
  xavier,
} from '@coco-rec/core';
import type { VectorTable } from './whiten.js';

/** Gates start closed and are few, so they may learn faster than weights. */
export const gateOptions = { learningRateScale: 10, weightDecay: false } as const;

/**
 * Item text at the item side: item vector + MLP(title vector), its last layer starting at 0, so that a fused model starts
 * as its backbone. (A gate from 0 on a random MLP hardly opens: neither learns before the other has.) An item without text
 * has a zero title vector; all of them share what the MLP makes of it. With `hasText`, they keep the backbone's vector.
 */
export class ItemTextSide implements ItemAddition {
  private readonly features: tf.Tensor2D;
  private readonly hasText?: tf.Tensor2D;
  private readonly inner: tf.Variable;
  private readonly innerBias: tf.Variable;
  private readonly outer: tf.Variable;
  private readonly outerBias: tf.Variable;

  /** @param table title vectors [V+1, w] @param dimension D @param hasText [V+1], 0: nothing is added to the item */
  constructor(parameters: Parameters, table: VectorTable, dimension: number, hasText?: Uint8Array) {
    this.features = tf.tensor2d(table.values, [table.count, table.width]);
    if (hasText) this.hasText = tf.tensor2d(Float32Array.from(hasText), [table.count, 1]);
    // The decay that an item table needs would hold back a map that all items share.
    const kept = { weightDecay: false };
    this.inner = parameters.variable('inner', [table.width, dimension], xavier, kept);
    this.innerBias = parameters.variable('innerBias', [dimension], constant(0), kept);
    this.outer = parameters.variable('outer', [dimension, dimension], constant(0), kept);
    this.outerBias = parameters.variable('outerBias', [dimension], constant(0), kept);
  }

  wrap(base: ItemVectors): ItemVectors {
    return new JoinedItemVectors(base, this);
  }

  block(from: number, to: number): tf.Tensor2D {
    const part = (table: tf.Tensor2D): tf.Tensor2D => tf.slice(table, [from, 0], [to - from, table.shape[1]]);
    return this.project(part(this.features), this.hasText && part(this.hasText));
  }

  gather(ids: tf.Tensor1D): tf.Tensor2D {
    return this.project(tf.gather(this.features, ids), this.hasText && tf.gather(this.hasText, ids));
  }

  /** @param features [N, w] @param hasText [N, 1] @returns [N, D] */
  private project(features: tf.Tensor2D, hasText: tf.Tensor2D | undefined): tf.Tensor2D {
    const hidden = gelu(linear(features, this.inner, this.innerBias)); // [N, D]
    const added = linear(hidden, this.outer, this.outerBias); // [N, D]
    return hasText ? tf.mul(added, hasText) : added;
  }

  /** How much text is added, for the log: the mean over items and dimensions of its absolute value. */
  async gauges(): Promise<Record<string, number>> {
    const added = tf.tidy(() => this.block(1, this.features.shape[0]));
    const values = await added.data();
    added.dispose();
    return { 'mean |item text|': meanAbsolute(values) };
  }

  dispose(): void {
    this.features.dispose();
    this.hasText?.dispose();
  }
}

export function meanAbsolute(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += Math.abs(values[i]);
  return values.length > 0 ? sum / values.length : 0;
}

/** What joins the vectors of items. */
export interface ItemAddition {
  /** What is added for the items `from` to `to`. @returns [to - from, D] */
  block(from: number, to: number): tf.Tensor2D;
  /** What is added for these items. @param ids [N] int32 @returns [N, D] */
  gather(ids: tf.Tensor1D): tf.Tensor2D;
}

/** Item vectors with what a fusion adds to each. */
export class JoinedItemVectors implements ItemVectors {
  readonly count: number;
  readonly dimension: number;
  /** What is added for every item, on the tape of this step. */
  private added?: tf.Tensor2D;

  constructor(
    private readonly base: ItemVectors,
    private readonly side: ItemAddition,
  ) {
    ({ count: this.count, dimension: this.dimension } = base);
  }

  gather(ids: tf.Tensor1D): tf.Tensor2D {
    const added = tapeIsOn() ? gatherRows(this.all(), ids) : this.side.gather(ids);
    return tf.add(this.base.gather(ids), added);
  }

  block(from: number, to: number): tf.Tensor2D {
    const isAll = from === 0 && to === this.count;
    const added = isAll && tapeIsOn() ? this.all() : this.side.block(from, to);
    return tf.add(this.base.block(from, to), added);
  }

  /** A training step reads the whole catalogue anyway, more than once: project it once. The tape's tidy frees it. */
  private all(): tf.Tensor2D {
    if (!this.added || this.added.isDisposed) this.added = this.side.block(0, this.count);
    return this.added;
  }
}
