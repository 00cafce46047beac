import * as tf from '@tensorflow/tfjs-core';
import type { PreparedBatch } from '@coco-rec/core';
import { copyRows } from '../fused-rows.js';
import type { RowVectors, UserVectors } from '../user-vectors.js';
import { HistoryTexts } from './history-texts.js';
import type { TextUser } from './text-scope.js';
import type { TextTable } from './text-table.js';

/** The texts of a batch's rows, without those that have none. */
export type TextRows = {
  /** [M, w], M at least 1. */
  readonly vectors: tf.Tensor2D;
  /** [P] int32, 1 + the row in `vectors`, 0 where there is no text. */
  readonly rows: tf.Tensor1D;
};

/** The texts of users as vectors: a row gets the one that stands for its history. */
export class UserTexts implements UserVectors {
  readonly width: number;
  /**
   * Share of the training rows that have a text: `heldBack` a user. Adam's steps are as long for a weight that few rows
   * teach as for one that all do, and with a text of its own for each of those rows it learns their targets by heart, which
   * were taken by the time that counts. So such weights learn as much slower as their rows are fewer.
   */
  readonly shareOfRows: number;
  private readonly histories: HistoryTexts;

  /** @param table row n + 1 is of `users[n]` @param heldBack last training interactions that no text was shown */
  constructor(
    private readonly table: TextTable,
    users: readonly TextUser[],
    heldBack: number,
    trainingRows: number,
  ) {
    const texts = table.hasText.reduce((sum, one) => sum + one, 0);
    this.shareOfRows = Math.min(1, (texts * heldBack) / Math.max(1, trainingRows));
    this.width = table.features.width;
    const all = users.map(({ shown }, n) => ({ shown, text: n + 1 }));
    this.histories = new HistoryTexts(
      all.filter(({ text }) => table.hasText[text] === 1),
      heldBack + 1,
    );
  }

  ofRows(batch: PreparedBatch): RowVectors {
    const texts = this.histories.ofRows(batch); // [P]
    const present = Float32Array.from(texts, (text) => (text > 0 ? 1 : 0));
    return { vectors: this.vectors(texts), present: tf.tensor2d(present, [texts.length, 1]) };
  }

  /** As `ofRows`, for work that should cost nothing where there is no text. */
  textRows(batch: PreparedBatch): TextRows {
    const texts = this.histories.ofRows(batch); // [P]
    let found = 0;
    const rows = Int32Array.from(texts, (text) => (text > 0 ? ++found : 0));
    const own = found > 0 ? texts.filter((text) => text > 0) : Int32Array.of(0); // [M]
    return { vectors: this.vectors(own), rows: tf.tensor1d(rows, 'int32') };
  }

  /** @returns [N, w] */
  private vectors(texts: Int32Array): tf.Tensor2D {
    const { features } = this.table;
    return tf.tensor2d(copyRows(features.values, this.width, texts), [texts.length, this.width]);
  }
}
