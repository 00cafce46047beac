import type { Random } from '../random.js';
import type { Batch, Rows } from '../specification/batch.js';
import type { RowSampler, SequenceBlock } from '../specification/stage.js';

/** Positions to hide of a sequence with `length` items, in rising order. */
export type HiddenPositions = (length: number, random: Random) => readonly number[];

/** How many of a sequence's `length` items are kept, from its first on; at least 1. */
export type KeptItems = (length: number, random: Random) => number;

/**
 * Cloze (Taylor 1953; BERT4Rec): hides items of each sequence, whose id becomes 0, and has a row at each of them, and one
 * at the place after the sequence, whose target is the next item. `withMaskPlace` makes that place.
 *
 * A row's texts are those of the items before it, as at prediction: nothing that a text was made from holds a target,
 * and a hidden item has no text.
 * @param keep cuts a sequence first, as it was at an earlier time: the next item is then the first of those cut off.
 * Default: all of it
 */
export function clozeRows(hide: HiddenPositions, keep?: KeptItems): RowSampler {
  return (block, random) => {
    const rows: ClozeRow[] = [];
    for (let b = 0; b < block.batchSize; b++) {
      if (keep && block.lengths[b] > 0) cut(block, b, keep(block.lengths[b], random));
      for (const t of hide(block.lengths[b], random)) {
        const at = b * block.length + t;
        rows.push({ b, t, target: block.items[at] });
        block.items[at] = 0;
      }
      if (block.next[b] > 0) rows.push({ b, t: block.lengths[b], target: block.next[b] });
    }
    return asRows(rows, block);
  };
}

function cut({ items, times, length, lengths, next }: SequenceBlock, b: number, kept: number): void {
  if (kept >= lengths[b]) return;
  next[b] = items[b * length + kept];
  items.fill(0, b * length + kept, (b + 1) * length);
  times?.fill(NaN, b * length + kept, (b + 1) * length);
  lengths[b] = kept;
}

interface ClozeRow {
  readonly b: number;
  readonly t: number;
  readonly target: number;
}

function asRows(rows: readonly ClozeRow[], { users, offsets }: SequenceBlock): Rows {
  return {
    count: rows.length,
    sequence: Int32Array.from(rows, ({ b }) => b),
    position: Int32Array.from(rows, ({ t }) => t),
    target: Int32Array.from(rows, ({ target }) => target),
    user: Int32Array.from(rows, ({ b }) => users[b]),
    visibleUntil: Int32Array.from(rows, ({ b, t }) => offsets[b] + t),
  };
}

/**
 * The batch with one place more at the end of each sequence, for the MASK that asks for the next item. Its id is 0, as
 * that of a hidden item. Rows of `predict` ask after an item, so they move on by one place.
 */
export function withMaskPlace(batch: Batch): Batch {
  const { batchSize, length, lengths, rows } = batch;
  const items = new Int32Array(batchSize * (length + 1));
  for (let b = 0; b < batchSize; b++)
    items.set(batch.items.subarray(b * length, (b + 1) * length), b * (length + 1));
  const moved = rows.position.map((t, p) => Math.min(t + 1, lengths[rows.sequence[p]]));
  return {
    ...batch,
    length: length + 1,
    items,
    lengths: lengths.map((count) => count + 1),
    rows: batch.phase === 'predict' ? { ...rows, position: moved } : rows,
  };
}
