import { type Dataset, type Random, type SequenceBlock, UsageError, mostSeconds } from '@coco-rec/core';

/** Training histories whose times are hidden. */
const hiddenShare = 0.1;

/** @throws UsageError if the data has no times */
export function firstTime({ realTimes, times, offsets, userCount, name }: Dataset): number {
  if (!realTimes || !times)
    throw new UsageError(`"backbone.timeEncoding" is true, but ${name} has no real timestamps.`);
  let first = Infinity;
  for (let user = 0; user < userCount; user++) first = Math.min(first, times[offsets[user]]);
  return first;
}

/** A window and periods are in seconds. @throws UsageError for times that cannot be */
export function demandSeconds({ realTimes, times, name }: Dataset): void {
  const wrong = realTimes ? times?.find((time) => time > mostSeconds) : undefined;
  if (wrong === undefined) return;
  throw new UsageError(
    `The times of ${name} are in milliseconds, it seems (one is ${wrong}), but "pinnerformer" takes them in seconds since ` +
      '1970: divide them by 1000 in your file.',
  );
}

/** Hides the times of a tenth of the histories of a block. */
export function hideTimes({ batchSize, length, times }: SequenceBlock, random: Random): void {
  for (let b = 0; times && b < batchSize; b++) {
    if (random.uniform() < hiddenShare) times.fill(NaN, b * length, (b + 1) * length);
  }
}
