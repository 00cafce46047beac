import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { TrainConfig } from '../config/run-config.js';
import { Random } from '../random.js';
import { type ParameterOptions, Parameters } from '../specification/parameters.js';
import { eachBackend, leaked } from '../testing/each-backend.test.js';
import { valuesCloseTo } from '../testing/close-to.test.js';
import { Adam, type AdamConfig } from './adam.js';
import { rateScale, weightDecayOf } from './stages.js';

const config: AdamConfig = { learningRate: 0.1, weightDecay: 0, gradientNorm: 0 };

/** Two variables, and one step by their gradients. */
class Bench {
  readonly adam = new Adam();
  private readonly parameters = new Parameters(new Random(1));

  constructor(options: ParameterOptions = {}) {
    this.parameters.variable('a', [2], () => Float32Array.of(1, -2), options);
    this.parameters.variable('b', [1], () => Float32Array.of(0.5));
  }

  step(gradients: { a?: number[]; b?: number[] }, own: AdamConfig = config, scale = 1): number {
    return tf.tidy(() => {
      const given = Object.entries(gradients).map(([name, values]) => [name, tf.tensor1d(values)] as const);
      return this.adam.apply(this.parameters.entries(), new Map(given), own, scale);
    });
  }

  get values(): number[] {
    return this.parameters.entries().flatMap(({ variable }) => [...variable.dataSync()]);
  }

  dispose(): void {
    this.adam.dispose();
    this.parameters.dispose();
  }
}

/** Algorithm 1 of Kingma and Ba (2015) in float64, as it stands there. */
function byHand(start: number, gradients: readonly number[], rate: number): number {
  let [value, m, v] = [start, 0, 0];
  gradients.forEach((g, i) => {
    const t = i + 1;
    m = 0.9 * m + 0.1 * g;
    v = 0.999 * v + 0.001 * g * g;
    value -= (rate * (m / (1 - 0.9 ** t))) / (Math.sqrt(v / (1 - 0.999 ** t)) + 1e-8);
  });
  return value;
}

const steps = [
  { a: [0.5, -3], b: [0.01] },
  { a: [-0.2, -1], b: [0.03] },
  { a: [0.1, 4], b: [-0.05] },
];

eachBackend(() => {
  it('takes the steps of the paper', () => {
    const bench = new Bench();
    // The first step's length is the learning rate, whatever the gradient.
    bench.step(steps[0]);
    valuesCloseTo(bench.values, [0.9, -1.9, 0.4]);
    for (const gradients of steps.slice(1)) bench.step(gradients);
    const expected = [
      byHand(
        1,
        steps.map(({ a }) => a[0]),
        0.1,
      ),
      byHand(
        -2,
        steps.map(({ a }) => a[1]),
        0.1,
      ),
      byHand(
        0.5,
        steps.map(({ b }) => b[0]),
        0.1,
      ),
    ];
    valuesCloseTo(bench.values, expected, 1e-6);
    bench.dispose();
  });

  it('scales the gradient of all weights together down to the norm, and says what it was', () => {
    const clipped = new Bench();
    const norm = clipped.step({ a: [3, 0], b: [4] }, { ...config, gradientNorm: 1 });
    assert.ok(Math.abs(norm - 5) < 1e-6);
    clipped.step({ a: [0.1, 0.2], b: [0.2] }, { ...config, gradientNorm: 1 });
    // The second gradient is within the norm and stays: beside the first one, scaled to length 1, it counts more.
    const expected = [byHand(1, [0.6, 0.1], 0.1), byHand(-2, [0, 0.2], 0.1), byHand(0.5, [0.8, 0.2], 0.1)];
    valuesCloseTo(clipped.values, expected, 1e-6);
    clipped.dispose();
  });

  it('reports a norm that is not finite', () => {
    const bench = new Bench();
    assert.ok(!Number.isFinite(bench.step({ a: [NaN, 1] })));
    bench.dispose();
  });

  it('leaves a parameter without a gradient alone, its moments too', () => {
    const bench = new Bench();
    bench.step({ a: [1, 1], b: [1] });
    const before = bench.values;
    bench.step({ a: [1, 1] });
    assert.equal(bench.values[2], before[2]);
    assert.notEqual(bench.values[0], before[0]);
    bench.dispose();
  });

  it('decays weights apart from the gradient, and only where that is wanted', () => {
    const decayed = new Bench({ weightDecay: true });
    decayed.step({ a: [0, 0] }, { ...config, weightDecay: 0.5 });
    valuesCloseTo(decayed.values, [0.95, -1.9, 0.5]);
    const kept = new Bench({ weightDecay: false });
    kept.step({ a: [0, 0] }, { ...config, weightDecay: 0.5 });
    valuesCloseTo(kept.values, [1, -2, 0.5]);
    for (const bench of [decayed, kept]) bench.dispose();
  });

  it("obeys a parameter's own scale and the schedule's", () => {
    const bench = new Bench({ learningRateScale: 0.1 });
    bench.step({ a: [1, -1], b: [1] }, config, 0.5);
    valuesCloseTo(bench.values, [1 - 0.005, -2 + 0.005, 0.5 - 0.05]);
    bench.dispose();
  });

  it('goes on bit by bit from its saved state', async () => {
    const whole = new Bench();
    const first = new Bench();
    for (const bench of [whole, first]) bench.step(steps[0]);
    const second = new Adam();
    second.restore(await first.adam.state());
    first.adam.dispose();
    Object.assign(first, { adam: second });
    for (const bench of [whole, first]) for (const gradients of steps.slice(1)) bench.step(gradients);
    assert.deepEqual(first.values, whole.values);
    assert.deepEqual([...(await second.state()).keys()], [...(await whole.adam.state()).keys()]);
    for (const bench of [whole, first]) bench.dispose();
  });

  it('leaves no tensor behind', () => {
    const bench = new Bench();
    bench.step(steps[0]);
    assert.equal(
      leaked(() => bench.step(steps[1])),
      0,
    );
    // Two weights with two moments each.
    assert.equal(
      leaked(() => bench.dispose()),
      -6,
    );
  });
});

describe('rateScale', () => {
  const train = (keys: Partial<TrainConfig>): TrainConfig => Object.assign(new TrainConfig(), keys);

  it('rises from the first step and stays', () => {
    const scale = (step: number): number =>
      rateScale(train({ warmupSteps: 4, schedule: 'constant' }), step, 100);
    assert.deepEqual([0, 1, 2, 3, 4, 99].map(scale), [0.25, 0.5, 0.75, 1, 1, 1]);
    assert.equal(rateScale(train({ warmupSteps: 0 }), 0, 100), 1);
  });

  it('falls along a cosine to a tenth', () => {
    const scale = (step: number): number =>
      rateScale(train({ warmupSteps: 0, schedule: 'cosine' }), step, 100);
    valuesCloseTo([0, 50, 100].map(scale), [1, 0.55, 0.1]);
    assert.ok(scale(30) > scale(31));
  });
});

describe('weightDecayOf', () => {
  const train = (keys: Partial<TrainConfig>): TrainConfig => Object.assign(new TrainConfig(), keys);

  it('takes a weight down to 1/e in 2.5 epochs, whatever the steps of an epoch', () => {
    for (const steps of [88, 1000]) {
      const learningRate = 0.004;
      const decay = weightDecayOf(train({ learningRate }), steps);
      assert.ok(Math.abs((1 - learningRate * decay) ** (2.5 * steps) - Math.exp(-1)) < 0.01);
    }
  });

  it('does not grow without end on small data, and is what the config says where it says so', () => {
    assert.equal(weightDecayOf(train({}), 2), 3);
    assert.equal(weightDecayOf(train({ weightDecay: 0 }), 88), 0);
    assert.equal(weightDecayOf(train({ weightDecay: 7 }), 88), 7);
  });
});
