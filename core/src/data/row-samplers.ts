import type { Rows } from '../specification/batch.js';
import type { RowSampler, SequenceBlock } from '../specification/stage.js';

/** Collects rows of unknown number. */
function rowsFrom(block: SequenceBlock, pairs: readonly (readonly [number, number, number])[]): Rows {
  const make = (pick: (pair: readonly [number, number, number]) => number): Int32Array =>
    Int32Array.from(pairs, pick);
  return {
    count: pairs.length,
    sequence: make(([b]) => b),
    position: make(([, t]) => t),
    target: make(([, , target]) => target),
    user: make(([b]) => block.users[b]),
    visibleUntil: make(([b, t]) => block.offsets[b] + t + 1),
  };
}

/** A row at every position: predict the next item from items 1..t (SASRec). */
export const nextItemRows: RowSampler = (block) => {
  const pairs: [number, number, number][] = [];
  for (let b = 0; b < block.batchSize; b++) {
    const start = b * block.length;
    for (let t = 0; t < block.lengths[b]; t++) {
      const target = t + 1 < block.lengths[b] ? block.items[start + t + 1] : block.next[b];
      if (target > 0) pairs.push([b, t, target]);
    }
  }
  return rowsFrom(block, pairs);
};

/** One row a sequence, at its last position: what prediction uses. An empty history has its row at position 0. */
export const lastItemRows: RowSampler = (block) =>
  rowsFrom(
    block,
    Array.from({ length: block.batchSize }, (_, b) => [b, Math.max(0, block.lengths[b] - 1), block.next[b]]),
  );
