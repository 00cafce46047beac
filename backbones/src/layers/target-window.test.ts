import assert from 'node:assert/strict';
import { type Dataset, UsageError } from '@coco-rec/core';
import { testDataset } from '@coco-rec/core/testing';
import { demandWindow, targetWindow } from './target-window.js';

const timed = testDataset();
const ranks: Dataset = { ...timed, times: undefined, realTimes: false };
const of = (keys: object, dataset: Dataset): ReturnType<typeof targetWindow> =>
  targetWindow({ timeEncoding: false, ...keys }, dataset);
const isUsage =
  (pattern: RegExp) =>
  (error: unknown): boolean =>
    error instanceof UsageError && pattern.test(error.message);

describe('the window of targets', () => {
  it('is what the keys say, else days where there are real times and steps where there are none', () => {
    assert.deepEqual(of({}, timed), { seconds: 28 * 86_400 });
    assert.deepEqual(of({}, ranks), { steps: 5 });
    assert.deepEqual(of({ windowDays: 0.5 }, timed), { seconds: 43_200 });
    for (const dataset of [timed, ranks]) assert.deepEqual(of({ windowSteps: 1 }, dataset), { steps: 1 });
  });

  it('refuses what could do nothing', () => {
    assert.throws(
      () => of({ windowDays: 7 }, ranks),
      isUsage(/"backbone.windowDays" is 7, but .* has no real timestamps: use "backbone.windowSteps"/),
    );
    const both = { windowDays: 7, windowSteps: 2, timeEncoding: false };
    assert.throws(() => demandWindow(both), isUsage(/two ways to say how far targets come from/));
    const periods = { timePeriods: [1, 7], timeEncoding: false };
    assert.throws(() => demandWindow(periods), isUsage(/does nothing without "backbone.timeEncoding"/));
    demandWindow({ ...periods, timeEncoding: true });
  });
});
