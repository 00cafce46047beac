import type { Rows } from '../specification/batch.js';
import type { RowSampler, SequenceBlock } from '../specification/stage.js';

/** The rows at these places of the block, all arrays of length P. */
function rowsAt(
  block: SequenceBlock,
  { sequence, position, target }: Pick<Rows, 'sequence' | 'position' | 'target'>,
): Rows {
  return {
    count: target.length,
    sequence,
    position,
    target,
    user: sequence.map((b) => block.users[b]),
    visibleUntil: position.map((t, p) => block.offsets[sequence[p]] + t + 1),
  };
}

/** A row at every position: predict the next item from items 1..t (SASRec). */
export const nextItemRows: RowSampler = (block) => {
  const { batchSize, length, lengths, items, next } = block;
  const most = lengths.reduce((sum, own) => sum + own, 0);
  const [sequence, position, target] = Array.from({ length: 3 }, () => new Int32Array(most));
  let count = 0;
  for (let b = 0; b < batchSize; b++) {
    for (let t = 0; t < lengths[b]; t++) {
      const item = t + 1 < lengths[b] ? items[b * length + t + 1] : next[b];
      if (item <= 0) continue;
      sequence[count] = b;
      position[count] = t;
      target[count++] = item;
    }
  }
  const used = (values: Int32Array): Int32Array => values.subarray(0, count);
  return rowsAt(block, { sequence: used(sequence), position: used(position), target: used(target) });
};

/** One row a sequence, at its last position: what prediction uses. An empty history has its row at position 0. */
export const lastItemRows: RowSampler = (block) =>
  rowsAt(block, {
    sequence: Int32Array.from(block.lengths.keys()),
    position: block.lengths.map((length) => Math.max(0, length - 1)),
    target: block.next.slice(),
  });
