import { UsageError } from '../errors.js';
import type { Dataset, Split, Times, TrainingPart } from '../specification/dataset.js';
import { mostSeconds } from './time-text.js';

/** @returns the split of `dataset` that leaves one out: last = test, last but one = validation, rest = training. */
export function leaveOneOut(dataset: Dataset): Split {
  const { userCount, offsets } = dataset;
  const trainLengths = new Int32Array(userCount);
  const testLengths = new Int32Array(userCount);
  const evaluated = new Int32Array(userCount);
  let count = 0;
  for (let user = 0; user < userCount; user++) {
    const length = offsets[user + 1] - offsets[user];
    const isEvaluated = length >= 3;
    trainLengths[user] = isEvaluated ? length - 2 : length;
    testLengths[user] = isEvaluated ? length - 1 : length;
    if (isEvaluated) evaluated[count++] = user;
  }
  const common = { users: evaluated.slice(0, count), withoutTarget: userCount - count, withoutHistory: 0 };
  return {
    dataset,
    trainLengths,
    rule: { kind: 'leave-one-out' },
    validation: { ...common, historyLengths: trainLengths },
    test: { ...common, historyLengths: testLengths },
  };
}

/** The part of a user's history that training may see. */
export function trainingHistory({ dataset, trainLengths }: TrainingPart, user: number): Int32Array {
  const start = dataset.offsets[user];
  return dataset.sequence.subarray(start, start + trainLengths[user]);
}

/** The part of a user's history that a prediction of `target` may see. */
export function historyOf(split: Split, user: number, target: 'train' | 'validation' | 'test'): Int32Array {
  const start = split.dataset.offsets[user];
  return split.dataset.sequence.subarray(start, start + lengthsOf(split, target)[user]);
}

/** When the items of `historyOf` were taken, in seconds; undefined where the data has no real timestamps. */
export function timesOf(
  split: Split,
  user: number,
  target: 'train' | 'validation' | 'test',
): Times | undefined {
  const { offsets, times, realTimes } = split.dataset;
  if (!realTimes) return undefined;
  return times?.subarray(offsets[user], offsets[user] + lengthsOf(split, target)[user]);
}

/** [U] */
function lengthsOf(split: Split, target: 'train' | 'validation' | 'test'): Int32Array {
  return target === 'train' ? split.trainLengths : split[target].historyLengths;
}

/**
 * When the items of a history were taken, as far as the history is the user's own in the data, item by item from the first:
 * NaN from the first other item on. @returns [length of the history]; undefined where nothing is known
 */
export function knownTimes(dataset: Dataset, user: number, history: Int32Array): Float64Array | undefined {
  const { offsets, sequence, times, realTimes } = dataset;
  if (user < 0 || !times || !realTimes) return undefined;
  const known = new Float64Array(history.length).fill(NaN);
  const length = Math.min(history.length, offsets[user + 1] - offsets[user]);
  for (let i = 0; i < length && history[i] === sequence[offsets[user] + i]; i++)
    known[i] = times[offsets[user] + i];
  return known;
}

/** @throws UsageError for given times in milliseconds, where those of the data are in seconds */
export function demandGivenSeconds(given: readonly number[], { realTimes, times }: Dataset): void {
  const wrong = realTimes ? given.find((time) => time > mostSeconds) : undefined;
  if (wrong === undefined || times?.some((time) => time > mostSeconds)) return;
  throw new UsageError(
    `A time of a history, ${wrong}, is in milliseconds, it seems: times are seconds since 1970, as in the data.`,
  );
}

/** The item held out for validation or test of a user that has one. */
export function targetOf(split: Split, user: number, target: 'validation' | 'test'): number {
  return split.dataset.sequence[split.dataset.offsets[user] + split[target].historyLengths[user]];
}

/** How many targets are cold: items that no training interaction has. */
export function coldTargets(split: Split, target: 'validation' | 'test'): number {
  const counts = trainingCounts(split);
  return split[target].users.reduce(
    (cold, user) => cold + (counts[targetOf(split, user, target)] === 0 ? 1 : 0),
    0,
  );
}

/** How often each item stands in the training part. @returns [V + 1] */
export function trainingCounts({ dataset, trainLengths }: TrainingPart): Int32Array {
  const counts = new Int32Array(dataset.itemCount + 1);
  for (let user = 0; user < dataset.userCount; user++) {
    const start = dataset.offsets[user];
    for (let i = start; i < start + trainLengths[user]; i++) counts[dataset.sequence[i]]++;
  }
  return counts;
}
