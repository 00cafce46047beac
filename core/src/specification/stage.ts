import type { Random } from '../random.js';
import type { Rows } from './batch.js';
import type { RowLoss } from './row-loss.js';

/** Sequences from which rows are drawn; ragged histories padded to [B, T] by the batcher. */
export interface SequenceBlock {
  readonly batchSize: number;
  readonly length: number;
  /** [B·T]; a sampler may change it (cloze puts MASK there). */
  readonly items: Int32Array;
  readonly lengths: Int32Array;
  readonly offsets: Int32Array;
  readonly users: Int32Array;
  /** [B], the item after each sequence (the last position's target); 0 if there is none. */
  readonly next: Int32Array;
}

/** Draws prediction rows: next item, cloze, last item, windows. */
export type RowSampler = (sequences: SequenceBlock, random: Random) => Rows;

/** A part of training with rows and a loss of its own, such as pre-training. */
export interface Stage {
  readonly name: string;
  readonly epochs: number;
  readonly rows?: RowSampler;
  readonly loss?: RowLoss;
}
