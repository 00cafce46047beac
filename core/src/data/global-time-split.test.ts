import assert from 'node:assert/strict';
import fc from 'fast-check';
import { UsageError } from '../errors.js';
import type { Dataset, Split } from '../specification/dataset.js';
import { trainingSequences } from './batches.js';
import { DatasetBuilder } from './dataset-builder.js';
import { nodeLikeHasher } from './dataset-builder.test.js';
import { globalTimeSplit } from './global-time-split.js';
import { coldTargets, historyOf, targetOf, timesOf, trainingCounts, trainingHistory } from './split.js';

type Visit = readonly [user: string, item: string, time?: number];

function build(visits: readonly Visit[]): Dataset {
  const builder = new DatasetBuilder();
  for (const visit of visits) builder.addInteraction(...visit);
  return builder.build({ name: 'small', report: { counts: {}, warnings: [] }, hasher: nodeLikeHasher });
}

/** One interaction of a user each moment: `a4 b7` is user a at 4, user b at 7; items are named after both. */
const visitsOf = (text: string): Visit[] =>
  text.split(' ').map((word) => [word[0], word, Number(word.slice(1))]);

const tenths = { validationShare: 0.1, testShare: 0.1 };
const fifths = { validationShare: 0.2, testShare: 0.2 };

/** Raw ids of histories and targets by user. */
function told(split: Split, target: 'validation' | 'test'): Record<string, string> {
  const { users, items } = split.dataset;
  const entries = Array.from(split[target].users, (user) => {
    const history = Array.from(historyOf(split, user, target), (item) => items.get(item));
    return [users.get(user), `${history.join(' ')} → ${items.get(targetOf(split, user, target))}`];
  });
  return Object.fromEntries(entries) as Record<string, string>;
}

describe('globalTimeSplit', () => {
  // Ten interactions: training before 17, validation from 17 to before 20, test from 20.
  const split = globalTimeSplit(build(visitsOf('a11 a12 b13 b14 c15 b16 a17 b18 a20 d21')), fifths);

  it('cuts all users at the same moments', () => {
    assert.deepEqual(split.rule, { kind: 'global-time', validationFrom: 17, testFrom: 20 });
    assert.deepEqual([...split.trainLengths], [2, 3, 1, 0]);
    assert.deepEqual(told(split, 'validation'), { a: 'a11 a12 → a17', b: 'b13 b14 b16 → b18' });
    assert.deepEqual(told(split, 'test'), { a: 'a11 a12 a17 → a20' });
  });

  it('counts who is left out, and why', () => {
    const { validation, test } = split;
    assert.deepEqual([validation.withoutTarget, validation.withoutHistory], [2, 0], 'c and d');
    assert.deepEqual([test.withoutTarget, test.withoutHistory], [2, 1], 'b and c; d begins in the period');
  });

  it('takes the first item of a period only, and to the test all that is before its cut', () => {
    const more = globalTimeSplit(build(visitsOf('a11 b12 b13 a14 a15 c16 c17 b18 c19 b20')), fifths);
    // From 17: c17 b18; from 19: c19 b20.
    assert.deepEqual(told(more, 'validation'), { b: 'b12 b13 → b18', c: 'c16 → c17' });
    assert.deepEqual(told(more, 'test'), { b: 'b12 b13 b18 → b20', c: 'c16 c17 → c19' });
    const longer = globalTimeSplit(build(visitsOf('a11 b12 b13 b14 a15 a16 a17 a18 a19 b20')), {
      validationShare: 0.3,
      testShare: 0.3,
    });
    assert.deepEqual(told(longer, 'validation'), { a: 'a11 → a15' });
    assert.deepEqual(told(longer, 'test'), { a: 'a11 a15 a16 a17 → a18', b: 'b12 b13 b14 → b20' });
  });

  it('puts ties after the cut, in the order of the file', () => {
    const visits: Visit[] = [
      ...visitsOf('a11 b12 a13 b14 a15 b16'),
      ...([['a', 'second', 17], ['a', 'first', 17], ['b', 'third', 17]] as const), // prettier-ignore
      ...visitsOf('b18'),
    ];
    // By shares validation would begin with the second of the three at 17.
    const tied = globalTimeSplit(build(visits), { validationShare: 0.2, testShare: 0.1 });
    assert.equal(tied.rule.validationFrom, 17);
    assert.deepEqual([...tied.trainLengths], [3, 3]);
    assert.deepEqual(told(tied, 'validation'), { a: 'a11 a13 a15 → second', b: 'b12 b14 b16 → third' });
  });

  it('tests users who came after training had ended, if something is before their target', () => {
    const late = globalTimeSplit(build(visitsOf('a11 b12 a13 b14 a15 b16 a17 c18 c19 b20')), fifths);
    assert.deepEqual([...late.trainLengths], [3, 3, 0]);
    assert.equal(told(late, 'test').c, 'c18 → c19');
    assert.equal(late.validation.withoutHistory, 1);
    assert.deepEqual([...new Set(trainingSequences(late).map(({ user }) => user))], [0, 1]);
  });

  it('counts cold targets: of items without a training interaction', () => {
    const visits = visitsOf('a11 b12 a13 b14 a15 b16 a17 b18 a19').concat([['b', 'a11', 20]]);
    const some = globalTimeSplit(build(visits), fifths);
    assert.deepEqual([coldTargets(some, 'validation'), coldTargets(some, 'test')], [2, 1]);
  });
});

describe('a global time split of any data', () => {
  const visit = fc.tuple(fc.nat(6), fc.nat(9), fc.integer({ min: 1000, max: 1040 }));
  const shares = fc.record({ validationShare: fc.constantFrom(0.05, 0.1, 0.3), testShare: fc.constantFrom(0.05, 0.1, 0.4) }); // prettier-ignore
  const data = fc.array(visit, { minLength: 12, maxLength: 80 });

  /** Runs the check on whatever can be split so. */
  function forAll(check: (split: Split, from: { validation: number; test: number }) => void): void {
    let checked = 0;
    fc.assert(
      fc.property(data, shares, (list, held) => {
        const visits = list.map(([user, item, time]) => [`u${user}`, `i${item}`, time] as const);
        let split: ReturnType<typeof globalTimeSplit>;
        try {
          split = globalTimeSplit(build(visits), held);
        } catch (error) {
          assert.ok(error instanceof UsageError);
          return;
        }
        checked++;
        check(split, { validation: split.rule.validationFrom, test: split.rule.testFrom });
      }),
      { numRuns: 300 },
    );
    assert.ok(checked > 150, `${checked} of 300 could be split`);
  }

  it('has nothing in training that is at or after the cut, and all that is before it', () => {
    forAll((split, from) => {
      const { times, userCount, sequence, offsets } = split.dataset;
      const counts = new Int32Array(split.dataset.itemCount + 1);
      for (let user = 0; user < userCount; user++) {
        for (let i = offsets[user]; i < offsets[user + 1]; i++) {
          const isTraining = (times?.[i] ?? NaN) < from.validation;
          assert.equal(isTraining, i - offsets[user] < split.trainLengths[user]);
          if (isTraining) counts[sequence[i]]++;
        }
        assert.equal(trainingHistory(split, user).length, split.trainLengths[user]);
        assert.ok(timesOf(split, user, 'train')?.every((time) => time < from.validation));
      }
      assert.deepEqual(trainingCounts(split), counts);
      const rows = trainingSequences(split, 'histories', true);
      for (const { user, history, next } of rows) {
        const known = [...history, next];
        assert.deepEqual(known, [...sequence.subarray(offsets[user], offsets[user] + known.length)]);
        assert.ok((times?.[offsets[user] + known.length - 1] ?? NaN) < from.validation);
      }
    });
  });

  it('gives each user the first item of a period, after all that is before it; each user is told of once', () => {
    forAll((split, from) => {
      const { times, offsets, userCount } = split.dataset;
      const ends = { validation: from.test, test: Infinity };
      for (const part of ['validation', 'test'] as const) {
        const { users, historyLengths, withoutHistory, withoutTarget } = split[part];
        assert.equal(users.length + withoutHistory + withoutTarget, userCount);
        assert.deepEqual([...users], [...new Set(users)].sort((a, b) => a - b)); // prettier-ignore
        for (const user of users) {
          const at = offsets[user] + historyLengths[user];
          assert.ok(at > offsets[user] && at < offsets[user + 1]);
          const [before, time] = [times?.[at - 1] ?? NaN, times?.[at] ?? NaN];
          assert.ok(before < from[part] && time >= from[part] && time < ends[part]);
        }
      }
    });
  });
});

describe('A global time split is refused', () => {
  const refused = (visits: readonly Visit[], pattern: RegExp, shares = tenths): void =>
    assert.throws(
      () => globalTimeSplit(build(visits), shares),
      (error: Error) => error instanceof UsageError && pattern.test(error.message),
    );
  const many = visitsOf('a11 b12 a13 b14 a15 b16 a17 b18 a19 b20');

  it('without times', () => {
    refused(many.map(([user, item]) => [user, item]), /small has no times.*"evaluate.split: leave-one-out"/); // prettier-ignore
  });

  it('where times are ranks within each user, from 1 or from 0', () => {
    for (const first of [0, 1]) {
      const ranks = ['a', 'b'].flatMap((user) =>
        Array.from({ length: 9 }, (_, i): Visit => [user, `i${i}`, first + i]),
      );
      refused(ranks, /times of small are ranks within each user.*real timestamps.*leave-one-out/);
      const [[user, item], ...others] = ranks;
      globalTimeSplit(build([[user, item, 0.5], ...others]), tenths); // one is none: they are times
    }
  });

  it('where some interactions have no time', () => {
    refused([...many, ['b', 'x', NaN]], /small lacks some/);
  });

  it('where too much happens at one moment to leave something to each part', () => {
    refused(many.map(([user, item]) => [user, item, 77]), /nothing to train on.*different times/); // prettier-ignore
    const late = many.map(([user, item, time = 0], i): Visit => [user, item, i < 5 ? time : 77]);
    refused(late, /nothing for validation/);
  });

  it('where nobody would be measured', () => {
    refused(visitsOf('a11 a12 a13 a14 a15 a16 a17 a18 a19 b20'), /nobody to measure in test.*from 20/);
    refused(visitsOf('a11 a12 a13 a14 a15 a16 a17 a18 b19 a20'), /nobody to measure in validation.*from 19/);
    refused(
      visitsOf('a11 a12 a13 a14 a15 a16 a17 a18 a19').concat([['b', 'x', 1_700_000_000]]),
      /from 2023-11-14T22:13:20.000Z, and one before it/,
    );
  });
});
