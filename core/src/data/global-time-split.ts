import { UsageError } from '../errors.js';
import type { Dataset, HeldOut, Split, SplitRule, Times } from '../specification/dataset.js';
import { timeText } from './time-text.js';

/** Shares of all interactions, by time: the last are for test, those before them for validation. */
export interface HeldOutShares {
  readonly validationShare: number;
  readonly testShare: number;
}

type GlobalTimeRule = Extract<SplitRule, { kind: 'global-time' }>;
type Cuts = Omit<GlobalTimeRule, 'kind'>;

const insteadOf = 'or take "evaluate.split: leave-one-out"';

/**
 * Splits all users at the same two moments. Training is what is earlier than the first; a target is a user's first
 * interaction from a moment on (for validation: and before the second), and its history all of theirs that is earlier.
 * Interactions at the very moment of a cut come after it, so that no training interaction is as late as any target.
 * @throws UsageError where the times cannot be compared between users, or a part would be empty
 */
export function globalTimeSplit(
  dataset: Dataset,
  shares: HeldOutShares,
): Split & { readonly rule: GlobalTimeRule } {
  const times = comparableTimes(dataset);
  const cuts = cutTimes(times, shares, dataset.name);
  const trainLengths = lengthsBefore(dataset, times, cuts.validationFrom);
  const testLengths = lengthsBefore(dataset, times, cuts.testFrom);
  const wholeLengths = Int32Array.from(testLengths, (_, user) => dataset.offsets[user + 1] - dataset.offsets[user]); // prettier-ignore
  const rule = { kind: 'global-time', ...cuts } as const;
  const split = {
    dataset,
    trainLengths,
    rule,
    validation: heldOut(trainLengths, testLengths),
    test: heldOut(testLengths, wholeLengths),
  };
  for (const target of ['validation', 'test'] as const) {
    if (split[target].users.length > 0) continue;
    const from = timeText(cuts[`${target}From`]);
    throw new UsageError(
      `A global time split of ${dataset.name} has nobody to measure in ${target}: no user has an interaction in that ` +
        `period, from ${from}, and one before it. Set a larger "evaluate.${target}Share", ${insteadOf}.`,
    );
  }
  return split;
}

/** @throws UsageError that tells what the times lack */
function comparableTimes({ name, times, realTimes }: Dataset): Times {
  const asked = '"evaluate.split: global-time" cuts the histories of all users at the same moment, but';
  if (!times) {
    throw new UsageError(
      `${asked} ${name} has no times. Name the column that holds them in "data", ${insteadOf}.`,
    );
  }
  if (!realTimes) {
    throw new UsageError(
      `${asked} the times of ${name} are ranks within each user (1, 2, 3, …), which do not tell what one user did ` +
        `before another. Take data with real timestamps, ${insteadOf}.`,
    );
  }
  return times;
}

/** @throws UsageError where so many interactions are at one moment that a part is empty */
function cutTimes(times: Times, { validationShare, testShare }: HeldOutShares, name: string): Cuts {
  const sorted = times.slice().sort();
  const count = sorted.length;
  if (Number.isNaN(sorted[count - 1]))
    throw new UsageError(`A global time split needs the time of every interaction; ${name} lacks some.`);
  // At least one interaction each, however small the data.
  const heldOutCount = (share: number): number => Math.max(1, Math.round(count * share));
  const testAt = count - heldOutCount(testShare);
  const validationAt = testAt - heldOutCount(validationShare);
  const [validationFrom, testFrom] = [sorted[Math.max(0, validationAt)], sorted[Math.max(0, testAt)]];
  if (sorted[0] < validationFrom && validationFrom < testFrom) return { validationFrom, testFrom };
  throw new UsageError(
    `A global time split of ${name} leaves nothing to train on, or nothing for validation: too few of its ` +
      `${count} interactions are at different times. Set other shares ("evaluate.validationShare", ` +
      `"evaluate.testShare"), ${insteadOf}.`,
  );
}

/** How many interactions of each user, which are in the order of time, are earlier than `moment`. @returns [U] */
function lengthsBefore({ userCount, offsets }: Dataset, times: Times, moment: number): Int32Array {
  const lengths = new Int32Array(userCount);
  for (let user = 0; user < userCount; user++) {
    let end = offsets[user];
    while (end < offsets[user + 1] && times[end] < moment) end++;
    lengths[user] = end - offsets[user];
  }
  return lengths;
}

/** @param historyLengths [U] interactions before the period @param ends [U] and before its end */
function heldOut(historyLengths: Int32Array, ends: Int32Array): HeldOut {
  const users: number[] = [];
  let [withoutTarget, withoutHistory] = [0, 0];
  historyLengths.forEach((length, user) => {
    if (ends[user] === length) withoutTarget++;
    else if (length === 0) withoutHistory++;
    else users.push(user);
  });
  return { users: Int32Array.from(users), historyLengths, withoutTarget, withoutHistory };
}
