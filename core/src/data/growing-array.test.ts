import assert from 'node:assert/strict';
import { grown } from './growing-array.js';

describe('growing arrays', () => {
  it('keep kind and content, and free the old one at once', () => {
    for (const array of [Uint8Array.of(1, 2), Int32Array.of(-1, 2), Float64Array.of(0.5, NaN)]) {
      const [content, Kind] = [[...array], array.constructor];
      const longer = grown(array, 4);
      assert.equal(longer.constructor, Kind);
      assert.deepEqual([...longer], [...content, 0, 0]);
      assert.equal(array.length, 0);
    }
  });
});
