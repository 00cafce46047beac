import * as tf from '@tensorflow/tfjs-core';
import {
  type ItemVectors,
  type Parameters,
  constant,
  gatherRows,
  gelu,
  l2Normalise,
  linear,
  xavier,
} from '@coco-rec/core';
import type { AttributeMeans } from './attribute-means.js';

/** Weights of two layers with a GELU between them, D → D → D. */
export interface Tower {
  readonly inner: tf.Variable;
  readonly innerBias: tf.Variable;
  readonly outer: tf.Variable;
  readonly outerBias: tf.Variable;
}

/** Glorot weights, biases 0. */
export function buildTower(parameters: Parameters, dimension: number): Tower {
  const bias = { weightDecay: false };
  return {
    inner: parameters.variable('inner', [dimension, dimension], xavier),
    innerBias: parameters.variable('innerBias', [dimension], constant(0), bias),
    outer: parameters.variable('outer', [dimension, dimension], xavier),
    outerBias: parameters.variable('outerBias', [dimension], constant(0), bias),
  };
}

/** @param x [..., D] @returns x's shape, not normalised; x itself where there is no tower */
export function throughTower<T extends tf.Tensor>(x: T, tower: Tower | undefined): T {
  if (!tower) return x;
  const { inner, innerBias, outer, outerBias } = tower;
  return linear(gelu(linear(x, inner, innerBias)), outer, outerBias) as T;
}

/** Item vectors of length 1: a table's rows with what is added to them, through a tower where there is one. */
export class TowerItemVectors implements ItemVectors {
  readonly count: number;
  readonly dimension: number;

  /** @param table [V + 1, D] */
  constructor(
    private readonly table: tf.Tensor,
    private readonly parts: { readonly tower?: Tower; readonly added?: AttributeMeans },
  ) {
    [this.count, this.dimension] = table.shape as [number, number];
  }

  gather(ids: tf.Tensor1D): tf.Tensor2D {
    return this.through(gatherRows(this.table as tf.Tensor2D, ids), this.parts.added?.gather(ids)); // [N, D]
  }

  block(from: number, to: number): tf.Tensor2D {
    const rows = tf.slice(this.table as tf.Tensor2D, [from, 0], [to - from, this.dimension]);
    return this.through(rows, this.parts.added?.block(from, to)); // [to - from, D]
  }

  private through(rows: tf.Tensor2D, added: tf.Tensor2D | undefined): tf.Tensor2D {
    return l2Normalise(throughTower(added ? tf.add(rows, added) : rows, this.parts.tower));
  }
}
