import type { PreparedBatch } from '@coco-rec/core';

/** True where a batch's rows are the last position of each of its sequences, in order. */
export function asksForLast({ rows, batchSize, lengths }: PreparedBatch): boolean {
  return (
    rows.count === batchSize &&
    rows.sequence.every((b, p) => b === p && rows.position[p] === Math.max(0, lengths[b] - 1))
  );
}
