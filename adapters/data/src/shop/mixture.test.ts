import assert from 'node:assert/strict';
import { Random } from '@coco-rec/core';
import { addMixture } from './mixture.js';

describe('addMixture', () => {
  it('adds what the plain sum over states adds, whatever their number, and leaves other items alone', () => {
    const random = new Random(3);
    const width = 8;
    for (let stateCount = 1; stateCount <= 10; stateCount++) {
      const weights = Float64Array.from({ length: stateCount * width }, () => Math.exp(3 * random.normal()));
      const shares = Float64Array.from({ length: stateCount }, (_, s) =>
        s % 3 === 2 ? 0 : random.uniform(),
      );
      const before = Float64Array.from({ length: width }, () => random.uniform());
      const items = Int32Array.of(1, 2, 5, 7);
      const sums = before.slice();
      addMixture(sums, shares, weights, items);
      before.forEach((value, item) => {
        const added = shares.reduce((sum, share, s) => sum + share * weights[s * width + item], 0);
        const expected = items.includes(item) ? value + added : value;
        assert.ok(Math.abs(sums[item] - expected) <= 1e-14 * expected, `${stateCount} states, item ${item}`);
      });
    }
  });

  it('adds nothing where no state has a share', () => {
    const sums = new Float64Array(3);
    addMixture(sums, new Float64Array(2), new Float64Array(6).fill(1), Int32Array.of(1, 2));
    assert.deepEqual([...sums], [0, 0, 0]);
  });
});
