import type { Dataset, Split, Times } from '../specification/dataset.js';

/** @returns the leave-one-out split of `dataset`. */
export function leaveOneOut(dataset: Dataset): Split {
  const { userCount, offsets } = dataset;
  const trainLengths = new Int32Array(userCount);
  const evaluated = new Int32Array(userCount);
  let count = 0;
  for (let user = 0; user < userCount; user++) {
    const length = offsets[user + 1] - offsets[user];
    const isEvaluated = length >= 3;
    trainLengths[user] = isEvaluated ? length - 2 : length;
    if (isEvaluated) evaluated[count++] = user;
  }
  return {
    dataset,
    trainLengths,
    evaluated: evaluated.slice(0, count),
    tooShort: userCount - count,
  };
}

/** The part of a user's history that a prediction of `target` may see. */
export function historyOf(split: Split, user: number, target: 'train' | 'validation' | 'test'): Int32Array {
  const start = split.dataset.offsets[user];
  const extra = target === 'test' ? 1 : 0;
  return split.dataset.sequence.subarray(start, start + split.trainLengths[user] + extra);
}

/** When the items of `historyOf` were taken, in seconds; undefined where the data has no real timestamps. */
export function timesOf(
  { dataset, trainLengths }: Split,
  user: number,
  target: 'train' | 'validation' | 'test',
): Times | undefined {
  if (!dataset.realTimes) return undefined;
  const start = dataset.offsets[user];
  return dataset.times?.subarray(start, start + trainLengths[user] + (target === 'test' ? 1 : 0));
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

/** The item held out for validation or test of an evaluated user. */
export function targetOf(split: Split, user: number, target: 'validation' | 'test'): number {
  const end = split.dataset.offsets[user] + split.trainLengths[user];
  return split.dataset.sequence[target === 'test' ? end + 1 : end];
}

/** How often each item stands in the training part. @returns [V + 1] */
export function trainingCounts({
  dataset,
  trainLengths,
}: Pick<Split, 'dataset' | 'trainLengths'>): Int32Array {
  const counts = new Int32Array(dataset.itemCount + 1);
  for (let user = 0; user < dataset.userCount; user++) {
    const start = dataset.offsets[user];
    for (let i = start; i < start + trainLengths[user]; i++) counts[dataset.sequence[i]]++;
  }
  return counts;
}
