import type { Random, RowSampler, Rows, SequenceBlock } from '@coco-rec/core';

export interface WindowOptions {
  /** Positions drawn of each sequence, at most. */
  readonly positions: number;
  /** Later places drawn for each position, at most, each once. */
  readonly targets: number;
  /** The window's last place, by the places of a sequence's items from 0; `last` is the sequence's last place. */
  readonly windowEnd: (block: SequenceBlock, sequence: number, position: number, last: number) => number;
}

/**
 * Rows whose targets are items of a window after the position, not the next item alone (dense all-action loss). The next
 * item always is in the window. Targets are the sequence's own later items and the one that follows it, so that nothing
 * beyond the training part is ever drawn.
 */
export function windowRows({ positions, targets, windowEnd }: WindowOptions): RowSampler {
  return (block, random) => {
    const triples: [sequence: number, position: number, target: number][] = [];
    for (let b = 0; b < block.batchSize; b++) {
      const start = b * block.length;
      const last = block.next[b] > 0 ? block.lengths[b] : block.lengths[b] - 1;
      const itemAt = (place: number): number =>
        place < block.lengths[b] ? block.items[start + place] : block.next[b];
      for (const position of draw(0, last, positions, random).sort()) {
        const end = Math.min(last, Math.max(position + 1, windowEnd(block, b, position, last)));
        for (const place of draw(position + 1, end + 1, targets, random))
          triples.push([b, position, itemAt(place)]);
      }
    }
    return rowsOfTriples(block, triples);
  };
}

/** Different whole numbers from `from` (with) to `to` (without), at most `count` of them. */
function draw(from: number, to: number, count: number, random: Random): Int32Array {
  const all = Int32Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
  return all.length <= count ? all : random.shuffle(all).slice(0, count);
}

function rowsOfTriples(
  { users, offsets }: SequenceBlock,
  triples: readonly (readonly [number, number, number])[],
): Rows {
  return {
    count: triples.length,
    sequence: Int32Array.from(triples, ([b]) => b),
    position: Int32Array.from(triples, ([, position]) => position),
    user: Int32Array.from(triples, ([b]) => users[b]),
    target: Int32Array.from(triples, ([, , target]) => target),
    visibleUntil: Int32Array.from(triples, ([b, position]) => offsets[b] + position + 1),
  };
}
