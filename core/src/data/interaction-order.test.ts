import assert from 'node:assert/strict';
import { Random } from '../random.js';
import { type Interactions, orderByUserAndTime, withoutDoubles } from './interaction-order.js';

const interactions = (lines: readonly (readonly [number, number, number])[]): Interactions => ({
  count: lines.length,
  users: Int32Array.from(lines, ([user]) => user),
  items: Int32Array.from(lines, ([, item]) => item),
  times: Float64Array.from(lines, ([, , time]) => time),
});

const placesOf = ({ offsets, order }: ReturnType<typeof orderByUserAndTime>): number[][] =>
  Array.from({ length: offsets.length - 1 }, (_, user) => [
    ...order.subarray(offsets[user], offsets[user + 1]),
  ]);

describe('order of interactions', () => {
  it('is by user and time, and keeps that of the file where times are equal or missing', () => {
    const lines = [
      [1, 5, 30],
      [0, 5, 2],
      [1, 6, 10],
      [1, 7, 30],
      [0, 6, 2],
      [3, 9, NaN],
      [3, 8, NaN],
    ] as const;
    assert.deepEqual(placesOf(orderByUserAndTime(interactions(lines), 4)), [[1, 4], [2, 0, 3], [], [5, 6]]);
  });

  it('leaves out the same item at the same time, and nothing else', () => {
    const lines = [
      [0, 5, 2],
      [0, 6, 2],
      [0, 5, 2], // double
      [0, 5, 3],
      [1, 5, 2],
      [0, 6, 2], // double
      [1, 5, NaN],
      [1, 5, NaN],
    ] as const;
    const given = interactions(lines);
    assert.deepEqual(placesOf(withoutDoubles(given, orderByUserAndTime(given, 2))), [
      [0, 1, 3],
      [4, 6, 7],
    ]);
  });

  it('keeps what a set of keys keeps, for any input', () => {
    const random = new Random(4);
    for (let round = 0; round < 50; round++) {
      const lines = Array.from(
        { length: random.integer(60) },
        () => [random.integer(4), 1 + random.integer(3), random.integer(4)] as const,
      );
      const given = interactions(lines);
      const first = new Set(new Map(lines.map((line, i) => [line.join(), i] as const).reverse()).values());
      const kept = placesOf(withoutDoubles(given, orderByUserAndTime(given, 4))).flat();
      assert.deepEqual(
        kept.sort((a, b) => a - b),
        [...first].sort((a, b) => a - b),
      );
    }
  });
});
