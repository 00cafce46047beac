import assert from 'node:assert/strict';
import { Interactions } from './interactions.js';

const timesOf = (...times: (number | undefined)[]): Interactions['times'] => {
  const interactions = new Interactions();
  for (const time of times) interactions.add(0, 0, time);
  return interactions.times?.subarray(0, times.length);
};

describe('Interactions', () => {
  it('hold whole times in four bytes, other times in eight, none in none', () => {
    assert.deepEqual(timesOf(0, 2 ** 32 - 1), Uint32Array.of(0, 2 ** 32 - 1));
    for (const other of [0.5, -1, 2 ** 32, 1.7e12, NaN])
      assert.deepEqual(timesOf(7, 8, other, 9), Float64Array.of(7, 8, other, 9));
    assert.equal(timesOf(undefined, undefined), undefined);
    assert.deepEqual(timesOf(undefined, 5), Float64Array.of(NaN, 5));
    assert.deepEqual(timesOf(5, undefined), Float64Array.of(5, NaN));
  });

  it('keep what they hold as they grow', () => {
    const interactions = new Interactions();
    for (let i = 0; i < 10_000; i++) interactions.add(i, i + 1, i < 5000 ? i : i + 0.5);
    for (const i of [0, 1023, 1024, 4999, 5000, 9999]) {
      const { users, items, times } = interactions;
      assert.deepEqual([users[i], items[i], times?.[i]], [i, i + 1, i < 5000 ? i : i + 0.5]);
    }
  });
});
