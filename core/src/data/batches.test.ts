import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { Random } from '../random.js';
import { testDataset } from '../testing/test-dataset.js';
import { type Sequence, makeBatch, planEpoch, trainingSequences } from './batches.js';
import { lastItemRows, nextItemRows } from './row-samplers.js';
import { historyOf, leaveOneOut } from './split.js';

const sequenceOf = (user: number, history: readonly number[], next = 99): Sequence => ({
  user,
  history: Int32Array.from(history),
  next,
});

const ofLengths = (lengths: readonly number[]): Sequence[] =>
  lengths.map((length, user) =>
    sequenceOf(
      user,
      Array.from({ length }, (_, t) => t + 1),
    ),
  );

const plans = fc.record({
  lengths: fc.array(fc.nat(80), { maxLength: 200 }),
  limits: fc.record({
    usersPerStep: fc.integer({ min: 1, max: 40 }),
    tokensPerStep: fc.integer({ min: 1, max: 600 }),
    maxLength: fc.integer({ min: 1, max: 60 }),
  }),
  seed: fc.nat(),
});

describe('planEpoch', () => {
  it('has each sequence once an epoch', () => {
    fc.assert(
      fc.property(plans, fc.boolean(), ({ lengths, limits, seed }, wholeSteps) => {
        const plan = planEpoch(ofLengths(lengths), { ...limits, wholeSteps }, new Random(seed));
        const members = plan.flatMap((blocks) => blocks.flatMap((block) => [...block]));
        assert.deepEqual(
          members.sort((a, b) => a - b),
          [...lengths.keys()],
        );
        assert.ok(plan.every((blocks) => blocks.length > 0 && blocks.every(({ length }) => length > 0)));
      }),
    );
  });

  it('keeps both limits; a history that is longer than the limit of tokens makes a step alone', () => {
    fc.assert(
      fc.property(plans, ({ lengths, limits, seed }) => {
        for (const blocks of planEpoch(ofLengths(lengths), limits, new Random(seed))) {
          const members = blocks.flatMap((block) => [...block]);
          const tokens = members.reduce((sum, i) => sum + Math.min(lengths[i], limits.maxLength), 0);
          assert.ok(members.length <= limits.usersPerStep);
          assert.ok(members.length === 1 || tokens <= limits.tokensPerStep);
        }
      }),
    );
  });

  it('pads little: a block holds lengths up to 8, or up to twice its shortest', () => {
    fc.assert(
      fc.property(plans, ({ lengths, limits, seed }) => {
        for (const block of planEpoch(ofLengths(lengths), limits, new Random(seed)).flat()) {
          const own = Array.from(block, (i) => Math.max(1, Math.min(lengths[i], limits.maxLength)));
          assert.ok(Math.max(...own) <= Math.max(16, 3 * Math.min(...own)), own.join());
        }
      }),
    );
  });

  it('makes steps of one block and a constant number of users for in-batch negatives', () => {
    const sequences = ofLengths(Array.from({ length: 100 }, (_, user) => user % 60));
    const limits = { usersPerStep: 16, tokensPerStep: 1, maxLength: 50, wholeSteps: true };
    const plan = planEpoch(sequences, limits, new Random(1));
    assert.deepEqual(
      plan.map((blocks) => blocks.map(({ length }) => length)),
      [[16], [16], [16], [16], [16], [16], [4]],
    );
  });

  it('gives every step short and long histories', () => {
    const lengths = Array.from({ length: 2000 }, (_, user) => (user % 2 === 0 ? 3 : 40));
    const limits = { usersPerStep: 100, tokensPerStep: 4096, maxLength: 50 };
    for (const blocks of planEpoch(ofLengths(lengths), limits, new Random(1))) {
      const long = blocks.flatMap((block) => [...block]).filter((i) => lengths[i] === 40).length;
      assert.ok(long > 25 && long < 75, `${long} of 100`);
    }
  });

  it('gives the same steps for the same random numbers, others for others', () => {
    const sequences = ofLengths(Array.from({ length: 100 }, (_, user) => user % 9));
    const limits = { usersPerStep: 8, tokensPerStep: 100, maxLength: 50 };
    const plan = (seed: number): string => planEpoch(sequences, limits, new Random(seed)).join(' ');
    assert.equal(plan(1), plan(1));
    assert.notEqual(plan(1), plan(2));
  });
});

describe('makeBatch', () => {
  const options = { maxLength: 4, phase: 'train', rows: nextItemRows, random: new Random(0) } as const;

  it('pads on the right and cuts at the front', () => {
    const batch = makeBatch([sequenceOf(5, [7, 8]), sequenceOf(6, [1, 2, 3, 4, 5, 6], 9)], options);
    assert.equal(batch.length, 4);
    assert.deepEqual([...batch.items], [7, 8, 0, 0, 3, 4, 5, 6]);
    assert.deepEqual([...batch.lengths], [2, 4]);
    assert.deepEqual([...batch.offsets], [0, 2]);
  });

  it('puts times beside the items, unknown where nobody tells them', () => {
    const timed = { ...sequenceOf(6, [1, 2, 3, 4, 5, 6]), times: [10, 20, 30, 40, 50, 60] };
    const { times } = makeBatch([sequenceOf(5, [7, 8]), timed, { ...timed, times: [10, 20, 30] }], options);
    const unknown = Array<number>(4).fill(NaN);
    assert.deepEqual([...(times ?? [])], [...unknown, 30, 40, 50, 60, 30, NaN, NaN, NaN]);
    assert.ok(!('times' in makeBatch([sequenceOf(5, [7, 8])], options)));
  });

  it('draws a row at each position that has a next item, none on padding', () => {
    const { rows } = makeBatch([sequenceOf(5, [7, 8], 0), sequenceOf(6, [1, 2, 3, 4, 5, 6], 9)], options);
    assert.deepEqual([...rows.sequence], [0, 1, 1, 1, 1]);
    assert.deepEqual([...rows.position], [0, 0, 1, 2, 3]);
    assert.deepEqual([...rows.target], [8, 4, 5, 6, 9]);
    assert.deepEqual([...rows.user], [5, 6, 6, 6, 6]);
    assert.deepEqual([...rows.visibleUntil], [1, 3, 4, 5, 6]);
  });

  it('predicts at the last position; an empty history has its row at position 0', () => {
    const { rows, length } = makeBatch([sequenceOf(-1, [], 3), sequenceOf(2, [1, 2, 3], 0)], {
      ...options,
      phase: 'predict',
      rows: lastItemRows,
    });
    assert.equal(length, 3);
    assert.deepEqual([...rows.position], [0, 2]);
    assert.deepEqual([...rows.target], [3, 0]);
  });

  it('has one position of padding for empty histories only', () => {
    const batch = makeBatch([sequenceOf(0, [])], { ...options, rows: lastItemRows });
    assert.deepEqual([batch.length, ...batch.items], [1, 0]);
  });
});

describe('trainingSequences', () => {
  it('never hold a validation or test item, and each training item but the first is a target once', () => {
    const split = leaveOneOut(testDataset());
    const sequences = trainingSequences(split);
    assert.equal(sequences.length, split.dataset.userCount);
    for (const { user, history, next } of sequences) {
      const train = [...historyOf(split, user, 'train')];
      assert.deepEqual([...history, next], train);
      const own = split.dataset.offsets[user + 1] - split.dataset.offsets[user];
      assert.equal(train.length, own - 2);
    }
  });
});
