import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { Random } from '@coco-rec/core';
import { assertClose } from '../small-world.test.js';
import { lowPassMatrices } from './low-pass.js';

/** The definition: the real transform, all but its first `highest` + 1 values set to 0, and back; plain loops. */
function referenceLowPass(x: readonly number[], highest: number): number[] {
  const n = x.length;
  const bins = Array.from({ length: Math.floor(n / 2) + 1 }, (_, k) => {
    const angle = (t: number): number => (-2 * Math.PI * k * t) / n;
    return {
      real: x.reduce((sum, value, t) => sum + value * Math.cos(angle(t)), 0),
      imaginary: x.reduce((sum, value, t) => sum + value * Math.sin(angle(t)), 0),
    };
  }).map((bin, k) => (k <= highest ? bin : { real: 0, imaginary: 0 }));
  // The inverse runs over all n bins; those above n / 2 are the conjugates of those below.
  return x.map((_, t) => {
    let sum = 0;
    for (let k = 0; k < n; k++) {
      const isMirrored = k > n / 2;
      const { real, imaginary } = bins[isMirrored ? n - k : k];
      const angle = (2 * Math.PI * k * t) / n;
      sum += real * Math.cos(angle) - (isMirrored ? -imaginary : imaginary) * Math.sin(angle);
    }
    return sum / n;
  });
}

describe('low-pass matrices', () => {
  before(() => tf.setBackend('cpu'));

  for (const highest of [0, 1, 2, 4]) {
    it(`keep the frequencies 0 to ${highest} of each history over its own length`, () => {
      const T = 9;
      const lengths = Int32Array.from({ length: T + 1 }, (_, n) => n);
      const random = new Random(highest);
      const x = Array.from(lengths, () => Array.from({ length: T }, () => random.normal()));
      const low = tf.tidy(() => {
        const columns = tf.tensor3d(
          x.map((row) => row.map((value) => [value])),
          [T + 1, T, 1],
        );
        return tf.matMul(lowPassMatrices(lengths, T, highest), columns).arraySync() as number[][][];
      });
      for (const n of lengths) {
        const expected = [
          ...referenceLowPass(x[n].slice(0, n), highest),
          ...new Array<number>(T - n).fill(0),
        ];
        assertClose(low[n].flat(), expected);
      }
    });
  }

  it('change nothing where every frequency counts as low', () => {
    const values = tf.tidy(() => lowPassMatrices(Int32Array.of(5, 6), 6, 3).arraySync());
    for (const [b, own] of [5, 6].entries()) {
      values[b].forEach(
        (row, t) =>
        assertClose(row, row.map((_, s) => (s === t && t < own ? 1 : 0))), // prettier-ignore
      );
    }
    assert.equal(values.length, 2);
  });
});
