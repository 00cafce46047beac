import type { Random } from '../random.js';
import type { Batch, Phase } from '../specification/batch.js';
import type { RowSampler, SequenceBlock } from '../specification/stage.js';
import type { Split } from '../specification/dataset.js';
import { historyOf } from './split.js';

export interface BatchLimits {
  readonly usersPerStep: number;
  readonly tokensPerStep: number;
  readonly maxLength: number;
}

/** A history with the item that follows it (0: none). */
export interface Sequence {
  readonly user: number;
  readonly history: Int32Array;
  readonly next: number;
}

/** The training sequences: each user's training interactions but the last, which is the last position's target. */
export function trainingSequences(split: Split): Sequence[] {
  const sequences: Sequence[] = [];
  for (let user = 0; user < split.dataset.userCount; user++) {
    const history = historyOf(split, user, 'train');
    if (history.length < 2) continue;
    sequences.push({ user, history: history.subarray(0, -1), next: history[history.length - 1] });
  }
  return sequences;
}

/**
 * Orders sequences into batches of like length: shuffled, sorted by length, cut where a limit is reached, then the
 * batches are shuffled. The same `random` gives the same batches.
 * @returns indices into `sequences`, one array a batch.
 */
export function planEpoch(sequences: readonly Sequence[], limits: BatchLimits, random: Random): Int32Array[] {
  const order = random.shuffle(Int32Array.from(sequences.keys()));
  const lengthOf = (i: number): number => Math.min(sequences[i].history.length, limits.maxLength);
  order.sort((a, b) => lengthOf(a) - lengthOf(b)); // stable: ties stay shuffled
  const batches: Int32Array[] = [];
  let start = 0;
  for (let end = 1; end <= order.length; end++) {
    const isFull =
      end === order.length ||
      end - start === limits.usersPerStep ||
      (end - start + 1) * Math.max(1, lengthOf(order[end])) > limits.tokensPerStep;
    if (isFull) batches.push(order.subarray(start, (start = end)));
  }
  return random.shuffle(batches);
}

/** Pads sequences on the right to the longest of them and draws their rows. */
export function makeBatch(
  sequences: readonly Sequence[],
  options: { maxLength: number; phase: Phase; rows: RowSampler; random: Random },
): Batch {
  const block = makeBlock(sequences, options.maxLength);
  const rows = options.rows(block, options.random);
  const { batchSize, length, items, lengths, offsets } = block;
  return { phase: options.phase, batchSize, length, items, lengths, offsets, rows };
}

function makeBlock(sequences: readonly Sequence[], maxLength: number): SequenceBlock {
  const batchSize = sequences.length;
  const length = Math.max(1, ...sequences.map(({ history }) => Math.min(history.length, maxLength)));
  const items = new Int32Array(batchSize * length);
  const lengths = new Int32Array(batchSize);
  const offsets = new Int32Array(batchSize);
  sequences.forEach(({ history }, b) => {
    const kept = history.subarray(Math.max(0, history.length - maxLength));
    items.set(kept, b * length);
    lengths[b] = kept.length;
    offsets[b] = history.length - kept.length;
  });
  const users = Int32Array.from(sequences, ({ user }) => user);
  return {
    batchSize,
    length,
    items,
    lengths,
    offsets,
    users,
    next: Int32Array.from(sequences, ({ next }) => next),
  };
}
