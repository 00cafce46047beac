import type * as tf from '@tensorflow/tfjs-core';

/** Why a batch is made: `train` rows have targets and dropout; `predict` rows have neither. */
export type Phase = 'train' | 'predict';

/**
 * Prediction rows: P pairs (sequence, position) at which the next item is predicted.
 * All arrays have length P.
 */
export interface Rows {
  readonly count: number;
  /** Row of the batch, 0..B-1. */
  readonly sequence: Int32Array;
  /** Position in the sequence whose state predicts, 0..T-1. */
  readonly position: Int32Array;
  /** The user's index in the data set; -1 for a user it does not know. */
  readonly user: Int32Array;
  /** The item to predict; 0 where unknown (predict). */
  readonly target: Int32Array;
  /** How many of the user's interactions, counted from the first of the history, the row may depend on. */
  readonly visibleUntil: Int32Array;
}

/** B histories of like length, padded on the right to T. Item ids are 1..V, 0 is padding. */
export interface Batch {
  readonly phase: Phase;
  readonly batchSize: number;
  readonly length: number;
  /** [B·T], row by row. */
  readonly items: Int32Array;
  /** [B], how many items of each row are real (0..T). */
  readonly lengths: Int32Array;
  /** [B], index in the user's whole history of the first item of each row (histories are cut to `maxLength` at the front). */
  readonly offsets: Int32Array;
  /** [B·T], when each item was taken, in seconds; NaN where it is not known, and on padding. For backbones that `readsTimes`. */
  readonly times?: Float64Array;
  readonly rows: Rows;
}

/** A batch whose asynchronous work is done and whose ids are on the engine. Made by `Backbone.prepare`. */
export interface PreparedBatch extends Batch {
  /** [B, T] int32. */
  readonly itemIds: tf.Tensor2D;
  /** [B, T] float32, 1 where an item is, 0 on padding. */
  readonly mask: tf.Tensor2D;
  /** Whatever a backbone's own `prepare` adds. */
  readonly extra?: Readonly<Record<string, tf.Tensor>>;
}
