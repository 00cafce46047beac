import assert from 'node:assert/strict';
import { nodeLikeHasher } from './dataset-builder.test.js';
import { DatasetBuilder } from './dataset-builder.js';
import { trainingSequences } from './batches.js';
import { historyOf, knownTimes, leaveOneOut, targetOf, timesOf } from './split.js';

/** Users with 1, 2, 3 and 5 interactions. */
function smallSplit(): ReturnType<typeof leaveOneOut> {
  const builder = new DatasetBuilder();
  [1, 2, 3, 5].forEach((count, user) => {
    for (let t = 1; t <= count; t++) builder.addInteraction(`u${user}`, `i${t}`, 1000 + t);
  });
  return leaveOneOut(
    builder.build({ name: 'small', report: { counts: {}, warnings: [] }, hasher: nodeLikeHasher }),
  );
}

describe('leaveOneOut', () => {
  const split = smallSplit();

  it('holds out the last item for test and the one before for validation', () => {
    assert.deepEqual([...historyOf(split, 3, 'train')], [1, 2, 3]);
    assert.equal(targetOf(split, 3, 'validation'), 4);
    assert.equal(targetOf(split, 3, 'test'), 5);
  });

  it('shows the validation item to the test, but not to validation', () => {
    assert.deepEqual([...historyOf(split, 3, 'validation')], [1, 2, 3]);
    assert.deepEqual([...historyOf(split, 3, 'test')], [1, 2, 3, 4]);
  });

  it('tells when the items of a history were taken, where the data has real times', () => {
    assert.deepEqual([...(timesOf(split, 3, 'validation') ?? [])], [1001, 1002, 1003]);
    assert.deepEqual([...(timesOf(split, 3, 'test') ?? [])], [1001, 1002, 1003, 1004]);
    assert.equal(
      timesOf({ ...split, dataset: { ...split.dataset, realTimes: false } }, 3, 'test'),
      undefined,
    );
    const known = (user: number, ...history: number[]): number[] =>
      [...(knownTimes(split.dataset, user, Int32Array.from(history)) ?? [])]; // prettier-ignore
    assert.deepEqual(known(3, 1, 2, 3), [1001, 1002, 1003]);
    assert.deepEqual(known(2, 1, 2, 3, 4), [1001, 1002, 1003, NaN], 'longer than what is known of the user');
    assert.deepEqual(known(3, 1, 5, 3), [1001, NaN, NaN], 'another history than the data has');
    assert.deepEqual(known(-1, 1, 2), []);
  });

  it('drops users with fewer than 3 interactions from evaluation, counts them, and trains on all they have', () => {
    for (const { users, withoutTarget } of [split.validation, split.test]) {
      assert.deepEqual([...users], [2, 3]);
      assert.equal(withoutTarget, 2);
    }
    assert.deepEqual([...split.trainLengths], [1, 2, 1, 3]);
    // One item alone has nothing to predict.
    assert.deepEqual(
      trainingSequences(split).map(({ user }) => user),
      [1, 3],
    );
  });
});
