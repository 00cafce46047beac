import { type Dataset, UsageError } from '@coco-rec/core';
import { demandSeconds } from './real-times.js';
import type { WindowOptions } from './window-rows.js';

/** How far after a position its targets come from: a number of items, or of seconds. */
export type TargetWindow =
  | { readonly steps: number; readonly seconds?: undefined }
  | { readonly steps?: undefined; readonly seconds: number };

interface WindowKeys {
  readonly windowDays?: number;
  readonly windowSteps?: number;
  readonly timeEncoding: boolean;
  readonly timePeriods?: readonly number[];
}

/** Of days, where there are real times; of items, where there are none. */
const defaultDays = 28;
const defaultSteps = 5;
const secondsPerDay = 86_400;

/** @throws UsageError for keys of which one would do nothing */
export function demandWindow({ windowDays, windowSteps, timeEncoding, timePeriods }: WindowKeys): void {
  if (windowDays !== undefined && windowSteps !== undefined) {
    throw new UsageError(
      '"backbone.windowDays" and "backbone.windowSteps" are two ways to say how far targets come from: give one of them.',
    );
  }
  if (timePeriods && !timeEncoding) {
    throw new UsageError(
      '"backbone.timePeriods" does nothing without "backbone.timeEncoding": set that to true, or leave the periods out.',
    );
  }
}

/** @throws UsageError for a window in days, or times that are read, where the data has no real times, or not in seconds */
export function targetWindow(
  { windowDays, windowSteps, timeEncoding }: WindowKeys,
  dataset: Dataset,
): TargetWindow {
  if (timeEncoding || windowSteps === undefined) demandSeconds(dataset);
  if (windowSteps !== undefined) return { steps: windowSteps };
  if (dataset.realTimes) return { seconds: (windowDays ?? defaultDays) * secondsPerDay };
  if (windowDays === undefined) return { steps: defaultSteps };
  throw new UsageError(
    `"backbone.windowDays" is ${windowDays}, but ${dataset.name} has no real timestamps: use "backbone.windowSteps".`,
  );
}

/** The last place whose item is in the window of a position. */
export function windowEnd(
  { steps, seconds }: TargetWindow,
  { offsets, times }: Dataset,
): WindowOptions['windowEnd'] {
  return (block, sequence, position, last) => {
    const user = block.users[sequence];
    if (!times || user < 0 || steps !== undefined) return position + (steps ?? defaultSteps);
    const first = offsets[user] + block.offsets[sequence];
    const limit = times[first + position] + seconds;
    let end = position;
    while (end < last && times[first + end + 1] <= limit) end++;
    return end;
  };
}
