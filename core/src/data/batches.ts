import type { Random } from '../random.js';
import type { Batch, Phase } from '../specification/batch.js';
import type { RowSampler, SequenceBlock, SequenceKind } from '../specification/stage.js';
import type { Split } from '../specification/dataset.js';
import { historyOf, timesOf } from './split.js';

export interface BatchLimits {
  readonly usersPerStep: number;
  /** Item positions of a step, without padding. */
  readonly tokensPerStep: number;
  readonly maxLength: number;
  /** Each step is one block of `usersPerStep` users, whatever its length: for in-batch negatives. Default false. */
  readonly wholeSteps?: boolean;
  /** A step is one block, of any lengths. Default false. */
  readonly mixedLengths?: boolean;
}

/** A history with the item that follows it (0: none). */
export interface Sequence {
  readonly user: number;
  readonly history: Int32Array;
  readonly next: number;
  /** When its items were taken, in seconds, NaN where that is not known. Absent: of none. */
  readonly times?: ArrayLike<number>;
}

/**
 * The training sequences: each user's training interactions but the last, which is the last position's target; or every
 * prefix of them, with the item that follows it.
 * @param withTimes default false: times take memory that most backbones do not need
 */
export function trainingSequences(
  split: Split,
  kind: SequenceKind = 'histories',
  withTimes = false,
): Sequence[] {
  const sequences: Sequence[] = [];
  for (let user = 0; user < split.dataset.userCount; user++) {
    const history = historyOf(split, user, 'train');
    const times = withTimes ? timesOf(split, user, 'train') : undefined;
    const shortest = kind === 'prefixes' ? 1 : Math.max(1, history.length - 1);
    for (let end = shortest; end < history.length; end++)
      sequences.push({
        user,
        history: history.subarray(0, end),
        next: history[end],
        ...(times && { times: times.subarray(0, end) }),
      });
  }
  return sequences;
}

/** The sequences of one step, as indices: blocks of like length, whose gradients are added up. */
export type PlannedStep = readonly Int32Array[];

/** A block holds lengths up to this many times its shortest, and short ones together. */
const lengthRatio = 3;
const shortLength = 16;

/**
 * Deals shuffled sequences into steps, cut where a limit is reached; within a step, sequences of like length form blocks,
 * so that padding costs little while every step sees short and long histories alike. The same `random` gives the same
 * plan. A history longer than the limit of tokens makes a step alone.
 */
export function planEpoch(
  sequences: readonly Sequence[],
  limits: BatchLimits,
  random: Random,
): PlannedStep[] {
  const order = random.shuffle(Int32Array.from(sequences.keys()));
  const lengthOf = (i: number): number =>
    Math.max(1, Math.min(sequences[i].history.length, limits.maxLength));
  const steps: PlannedStep[] = [];
  let start = 0;
  let tokens = 0;
  for (let end = 0; end <= order.length; end++) {
    const isFull =
      end === order.length ||
      end - start === limits.usersPerStep ||
      (!limits.wholeSteps && tokens + lengthOf(order[end]) > limits.tokensPerStep);
    if (isFull && end > start) {
      const members = order.subarray(start, end);
      steps.push(limits.wholeSteps || limits.mixedLengths ? [members] : blocksOf(members, lengthOf));
      start = end;
      tokens = 0;
    }
    if (end < order.length) tokens += lengthOf(order[end]);
  }
  return steps;
}

function blocksOf(members: Int32Array, lengthOf: (i: number) => number): Int32Array[] {
  const sorted = members.slice().sort((a, b) => lengthOf(a) - lengthOf(b)); // stable
  const blocks: Int32Array[] = [];
  let start = 0;
  for (let end = 1; end <= sorted.length; end++) {
    const longest = Math.max(shortLength, lengthRatio * lengthOf(sorted[start]));
    if (end === sorted.length || lengthOf(sorted[end]) > longest) {
      blocks.push(sorted.subarray(start, end));
      start = end;
    }
  }
  return blocks;
}

/** Pads sequences on the right to the longest of them and draws their rows. */
export function makeBatch(
  sequences: readonly Sequence[],
  options: { maxLength: number; phase: Phase; rows: RowSampler; random: Random },
): Batch {
  const block = makeBlock(sequences, options.maxLength);
  const rows = options.rows(block, options.random);
  const { batchSize, length, items, lengths, offsets, times } = block;
  return { phase: options.phase, batchSize, length, items, lengths, offsets, ...(times && { times }), rows };
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
  const times = makeTimes(sequences, length, maxLength);
  return {
    ...(times && { times }),
    batchSize,
    length,
    items,
    lengths,
    offsets,
    users,
    next: Int32Array.from(sequences, ({ next }) => next),
  };
}

/** Padded as the items are. @returns [B·T]; undefined where no sequence has times */
function makeTimes(
  sequences: readonly Sequence[],
  length: number,
  maxLength: number,
): Float64Array | undefined {
  if (!sequences.some(({ times }) => times)) return undefined;
  const all = new Float64Array(sequences.length * length).fill(NaN);
  sequences.forEach(({ times = [], history }, b) => {
    const cut = Math.max(0, history.length - maxLength);
    for (let i = cut; i < Math.min(times.length, history.length); i++) all[b * length + i - cut] = times[i];
  });
  return all;
}
