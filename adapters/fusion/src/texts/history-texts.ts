import { CocoError, type PreparedBatch } from '@coco-rec/core';

/** A match on fewer interactions than this is chance, where the batch does not hold the rest of the history. */
const leastOverlap = 3;

/** A text and the interactions it was made from. */
export interface HistoryText {
  readonly shown: Int32Array;
  /** Number of the text, from 1. */
  readonly text: number;
}

/**
 * Finds the text that stands for a history by what the text was shown: those interactions are the history's first, one by
 * one. So no row gets a text that has seen a later item, a masked one, or another user's; a user who is not known is
 * served by the history alone; and a row says the same in training and at inference.
 */
export class HistoryTexts {
  /** By number of interactions and the last of them. */
  private readonly byEnd = new Map<string, HistoryText[]>();

  /** @param slack newest interactions that a text may lack, whatever its length */
  constructor(
    texts: readonly HistoryText[],
    private readonly slack: number,
  ) {
    for (const one of texts) {
      const key = endKey(one.shown.length, one.shown[one.shown.length - 1]);
      this.byEnd.set(key, [...(this.byEnd.get(key) ?? []), one]);
    }
  }

  /** The texts of the rows of a batch. @returns [P], 0 where a row has none */
  ofRows(batch: PreparedBatch): Int32Array {
    const { rows, offsets, lengths, items, length } = batch;
    const found = new Int32Array(rows.count);
    for (let p = 0; p < rows.count; p++) {
      const b = rows.sequence[p];
      const visible = Math.min(lengths[b], rows.visibleUntil[p] - offsets[b]);
      const window = items.subarray(b * length, b * length + Math.max(0, visible));
      const match = this.find(window, offsets[b]);
      if (!match) continue;
      if (match.shown.length > rows.visibleUntil[p]) {
        throw new CocoError(
          `A text made from ${match.shown.length} interactions stands at a row that may see ${rows.visibleUntil[p]}.`,
        );
      }
      found[p] = match.text;
    }
    return found;
  }

  /**
   * The text that shows most of a history; it must show half of it, or all but the newest `slack`.
   * @param window the newest interactions @param offset how many came before them
   */
  find(window: Int32Array, offset: number): HistoryText | undefined {
    const visible = offset + window.length;
    for (let n = visible; n > offset && visible - n <= Math.max(n, this.slack); n--) {
      if (n - offset < Math.min(n, leastOverlap)) return undefined;
      const match = this.byEnd
        .get(endKey(n, window[n - 1 - offset]))
        ?.find(({ shown }) => shown.subarray(offset).every((item, i) => item === window[i]));
      if (match) return match;
    }
    return undefined;
  }
}

const endKey = (length: number, last: number): string => `${length}:${last}`;
