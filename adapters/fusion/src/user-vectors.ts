import * as tf from '@tensorflow/tfjs-core';
import type { DifferentiableDecoder, PreparedBatch } from '@coco-rec/core';
import { type FusedRows, fusedRows } from './fused-rows.js';
import { type ItemText, historyMeans } from './item-text.js';
import { readTitles } from './title-reader.js';
import type { VectorTable } from './whiten.js';

/** One vector a row. */
export type RowVectors = {
  /** [P, w], zero where there is none. */
  readonly vectors: tf.Tensor2D;
  /** [P, 1], 1 where there is one. */
  readonly present: tf.Tensor2D;
};

/** What the language model says of the history that a row may see: no function of any weight, made before the tape. */
export interface UserVectors {
  /** w. */
  readonly width: number;
  /** Share of the training rows that have a vector; what only they teach learns as much slower. Default 1. */
  readonly shareOfRows?: number;
  ofRows(batch: PreparedBatch): RowVectors;
}

/** The mean title vector of the history, at every row. */
export class TitleMeans implements UserVectors {
  readonly width: number;

  constructor(
    private readonly text: ItemText,
    private readonly features: VectorTable,
  ) {
    this.width = features.width;
  }

  ofRows(batch: PreparedBatch): RowVectors {
    const P = batch.rows.count;
    const { means, seen } = historyMeans(batch, this.text, this.features);
    const present = Float32Array.from(seen, (count) => (count > 0 ? 1 : 0));
    return { vectors: tf.tensor2d(means, [P, this.width]), present: tf.tensor2d(present, [P, 1]) };
  }
}

export interface ReadingKeys {
  readonly fusedPositions: number;
  readonly maxTitles: number;
  readonly microBatch: number;
}

/** The mean state of the frozen language model that reads the titles, at the last rows. */
export class PromptedStates implements UserVectors {
  readonly width: number;

  constructor(
    private readonly text: ItemText,
    private readonly decoder: DifferentiableDecoder,
    private readonly keys: ReadingKeys,
  ) {
    this.width = decoder.hiddenSize;
  }

  ofRows(batch: PreparedBatch): RowVectors {
    const rowCount = batch.rows.count;
    const { microBatch } = this.keys;
    const rows = fusedRows(batch, this.text, this.keys);
    return tf.tidy(() => ({
      vectors: readTitles(this.decoder, this.text, rows, { rowCount, microBatch }),
      present: tf.tensor2d(presence(rows, rowCount), [rowCount, 1]),
    }));
  }
}

/** 1 for fused rows that see a title. @returns [P] */
function presence({ rows, visibleTitles }: FusedRows, rowCount: number): Float32Array {
  const present = new Float32Array(rowCount);
  rows.forEach((row, p) => (present[row] = visibleTitles[p] > 0 ? 1 : 0));
  return present;
}
