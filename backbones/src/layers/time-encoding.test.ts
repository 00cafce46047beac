import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { DatasetBuilder, Parameters, Random } from '@coco-rec/core';
import { buildTimeEncoding, timeEncodingOf, timeFeatures, timeWidth } from './time-encoding.js';

const day = 86_400;

describe('timeFeatures', () => {
  const periods = [2, 8];
  const origin = 100 * day;
  const width = timeWidth({ periods });
  const of = (...days: number[]): Float32Array[] => {
    const times = Float64Array.from(days, (own) => origin + own * day);
    const all = timeFeatures({ batchSize: 1, length: days.length, times }, { periods, origin });
    return days.map((_, n) => all.slice(n * width, (n + 1) * width));
  };
  const near = (actual: ArrayLike<number>, expected: number[]): void =>
    expected.forEach((value, i) =>
      assert.ok(Math.abs(actual[i] - value) < 1e-6, `${i}: ${actual[i]}, not ${value}`),
    );

  it('are sine and cosine at each period and a logarithm, of the time and of the gap', () => {
    const [first, second] = of(0, 1);
    near(first, [0, 1, 0, 1, 0, ...Array<number>(5).fill(0)]);
    const own = [0, -1, Math.SQRT1_2, Math.SQRT1_2, Math.log(2) / Math.log(366)];
    near(second, [...own, ...own]); // a day after the origin, and a day after the first
    near(of(4, 5.5)[1].slice(5), [
      -1,
      0,
      Math.sin((2 * Math.PI * 1.5) / 8),
      Math.cos((2 * Math.PI * 1.5) / 8),
    ]);
  });

  it('keep their precision decades after the origin', () => {
    near(of(20_000, 20_000.5)[1], [1, 0]);
  });

  it('are zero where a time is not known, and so is the gap to it', () => {
    const [known, unknown, after] = of(3, NaN, 4);
    assert.ok(known.some((value) => value !== 0));
    assert.ok(unknown.every((value) => value === 0));
    assert.ok(after.slice(5).every((value) => value === 0) && after.slice(0, 5).some((value) => value !== 0));
    const none = timeFeatures({ batchSize: 2, length: 3 }, { periods, origin });
    assert.equal(none.length, 6 * width);
    assert.ok(none.every((value) => value === 0));
  });

  it('begin anew with each history', () => {
    const times = Float64Array.of(1, 2, 3, 4).map((own) => origin + own * day);
    const all = timeFeatures({ batchSize: 2, length: 2, times }, { periods, origin });
    assert.ok(all.slice(2 * width + 5, 3 * width).every((value) => value === 0));
  });
});

describe('the origin of times', () => {
  before(() => tf.setBackend('cpu'));

  it('is the first time of the data, exact to the second, and a weight that is not trained', () => {
    const first = 1_388_534_401; // float32 alone would be 65 seconds off
    const build = (start: number): Parameters => {
      const builder = new DatasetBuilder();
      [0, 5, 9].forEach((later, i) => builder.addInteraction('u', `i${i}`, start + later));
      const hasher = { sha256: () => 'hash' };
      const dataset = builder.build({ name: 'timed', report: { counts: {}, warnings: [] }, hasher });
      const parameters = new Parameters(new Random(1));
      const encoding = buildTimeEncoding(parameters, undefined, dataset);
      assert.equal(timeEncodingOf(encoding).origin, start);
      if (start !== first) return parameters;
      // What another data set would begin with does not count once the weights are loaded.
      const [saved] = build(first + 77_777_777).entries();
      encoding.start.assign(saved.variable);
      assert.equal(timeEncodingOf(encoding).origin, first + 77_777_777);
      return parameters;
    };
    assert.deepEqual(
      build(first)
        .entries()
        .map(({ trainable }) => trainable),
      [false],
    );
  });
});
