import type * as tf from '@tensorflow/tfjs-core';
import type { Random } from '../random.js';
import type { PreparedBatch, Rows } from './batch.js';
import type { Pass } from './pass.js';

/**
 * Sequences from which rows are drawn; ragged histories padded to [B, T] by the batcher. A sampler may change what is in
 * the arrays, such as `items` (cloze hides some) or `lengths` and `next` (it cuts some sequences).
 */
export interface SequenceBlock {
  readonly batchSize: number;
  readonly length: number;
  /** [B·T] */
  readonly items: Int32Array;
  readonly lengths: Int32Array;
  readonly offsets: Int32Array;
  /** [B·T], as in a batch. */
  readonly times?: Float64Array;
  readonly users: Int32Array;
  /** [B], the item after each sequence (the last position's target); 0 if there is none. */
  readonly next: Int32Array;
}

/** Draws prediction rows: next item, cloze, last item, windows. */
export type RowSampler = (sequences: SequenceBlock, random: Random) => Rows;

/**
 * What the training sequences are: each user's whole `histories`, or all their `prefixes` (1 to n − 1 items, the next one
 * the target), for models that see all of a sequence and train on its last position only.
 */
export type SequenceKind = 'histories' | 'prefixes';

/** A loss of one step, part by part; scalars. `total` is what is minimised. */
export interface StepLoss {
  readonly total: tf.Scalar;
  readonly parts: Readonly<Record<string, tf.Scalar>>;
}

/** A part of training with rows and a loss of its own, such as pre-training. */
export interface Stage {
  readonly name: string;
  readonly epochs: number;
  readonly rows?: RowSampler;
  /** Default: the backbone's. */
  readonly sequences?: SequenceKind;
  /** Stands in for the recommendation loss; runs inside the tape. */
  readonly loss?: (batch: PreparedBatch, pass: Pass) => StepLoss;
}
