import assert from 'node:assert/strict';
import { Random } from '../random.js';
import { sortByUserAndTime, withoutDoubles } from './interaction-order.js';
import { Interactions } from './interactions.js';

type Line = readonly [user: number, item: number, time: number | undefined];

const interactions = (lines: readonly Line[]): Interactions => {
  const given = new Interactions();
  for (const [user, item, time] of lines) given.add(user, item, time);
  return given;
};

/** Items and times of each user. */
const historiesOf = ({ items, times }: Interactions, offsets: Int32Array): (readonly [number, number])[][] =>
  Array.from({ length: offsets.length - 1 }, (_, user) =>
    Array.from(items.subarray(offsets[user], offsets[user + 1]), (item, i) => [
      item,
      times ? times[offsets[user] + i] : NaN,
    ]),
  );

/** What a stable sort of objects gives. */
const expectedHistories = (lines: readonly Line[], userCount: number): (readonly [number, number])[][] =>
  Array.from({ length: userCount }, (_, user) =>
    lines
      .filter((line) => line[0] === user)
      .sort((a, b) => (a[2] ?? 0) - (b[2] ?? 0))
      .map(([, item, time]) => [item, time ?? NaN] as const),
  );

const randomLines = (random: Random, count: number, time: () => number | undefined): Line[] =>
  Array.from({ length: count }, () => [random.integer(4), 1 + random.integer(3), time()] as const);

describe('order of interactions', () => {
  it('is by user and time, and keeps that of the file where times are equal or missing', () => {
    const given = interactions([
      [1, 5, 30],
      [0, 5, 2],
      [1, 6, 10],
      [1, 7, 30],
      [0, 6, 2],
      [3, 9, undefined],
      [3, 8, undefined],
    ]);
    const offsets = sortByUserAndTime(given, 4);
    assert.deepEqual([...offsets], [0, 2, 5, 5, 7]);
    assert.deepEqual([...given.items.subarray(0, 7)], [5, 6, 6, 5, 7, 9, 8]);
    assert.deepEqual([...given.times!.subarray(0, 7)], [2, 2, 10, 30, 30, NaN, NaN]);
  });

  for (const [what, unit] of [
    ['whole', 1],
    ['broken', 0.3],
    ['negative', -1],
    ['missing', undefined],
  ] as const) {
    it(`is that of a stable sort of objects: ${what} times, histories of any length`, () => {
      const random = new Random(3);
      for (let round = 0; round < 40; round++) {
        const time = () => (unit === undefined ? undefined : random.integer(round + 1) * unit + 0);
        const lines = randomLines(random, random.integer(15 * round + 1), time);
        const given = interactions(lines);
        assert.deepEqual(historiesOf(given, sortByUserAndTime(given, 5)), expectedHistories(lines, 5));
      }
    });
  }

  it('leaves out the same item at the same time, and nothing else', () => {
    const given = interactions([
      [0, 5, 2],
      [0, 6, 2],
      [0, 5, 2], // double
      [0, 5, 3],
      [1, 5, 2],
      [0, 6, 2], // double
      [1, 5, 2], // double
      [2, 5, undefined],
      [2, 5, undefined],
    ]);
    const none = [5, NaN] as const;
    assert.deepEqual(historiesOf(given, withoutDoubles(given, sortByUserAndTime(given, 3))), [
      [
        [5, 2],
        [6, 2],
        [5, 3],
      ],
      [[5, 2]],
      [none, none],
    ]);
  });

  it('keeps what a set of keys keeps, for any input', () => {
    const random = new Random(4);
    for (let round = 0; round < 50; round++) {
      const lines = randomLines(random, random.integer(60), () => random.integer(4));
      const given = interactions(lines);
      const kept = historiesOf(given, withoutDoubles(given, sortByUserAndTime(given, 4)));
      const first = [...new Map(lines.map((line) => [line.join(), line] as const)).keys()];
      const expected = expectedHistories(
        first.map((key) => key.split(',').map(Number) as unknown as Line),
        4,
      );
      assert.deepEqual(kept, expected);
    }
  });
});
