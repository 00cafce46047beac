import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import {
  type Batch,
  type Dataset,
  Pass,
  Random,
  type Rows,
  UsageError,
  disposeBatch,
  lastItemRows,
  makeBatch,
  trainingSequences,
} from '@coco-rec/core';
import { testDataset } from '@coco-rec/core/testing';
import { type PinnerFormerBackbone, pinnerformer } from './pinnerformer.js';
import { type SmallWorld, assertClose, smallWorld, statesOf, weightOf } from './small-world.test.js';

const small = { dimension: 4, maxLength: 8, numLayers: 1 };
const day = 86_400;
const norm = (row: readonly number[]): number => Math.hypot(...row);

/** All training sequences as one batch with the backbone's rows. */
function trainingBatch({ backbone, split }: SmallWorld, seed = 1): Batch {
  const rows = backbone.rowSampler();
  assert.ok(rows);
  const { maxLength } = backbone;
  return makeBatch(trainingSequences(split), { maxLength, phase: 'train', rows, random: new Random(seed) });
}

/** The place of each row in its user's whole history, the user's items and times, and how many of them are training. */
function placesOf({ split }: SmallWorld, { rows, offsets }: Batch) {
  const { dataset, trainLengths } = split;
  return Array.from({ length: rows.count }, (_, p) => {
    const start = dataset.offsets[rows.user[p]];
    return {
      place: offsets[rows.sequence[p]] + rows.position[p],
      target: rows.target[p],
      items: dataset.sequence.slice(start, start + trainLengths[rows.user[p]]),
      times: dataset.times?.slice(start, start + trainLengths[rows.user[p]]) ?? assert.fail('no times'),
    };
  });
}

const withoutTimes = (): Dataset => ({ ...testDataset(), realTimes: false });
const keysOf = ({ sequence, position, target }: Rows): string[] =>
  Array.from(sequence, (b, p) => `${b} ${position[p]} ${target[p]}`);

describe('PinnerFormer', () => {
  before(() => tf.setBackend('cpu'));

  it('refuses times in milliseconds, whether it reads them or takes its window by them only', () => {
    const dataset = testDataset();
    const times = Float64Array.from(dataset.times ?? assert.fail('no times'), (time) => 1.7e12 + time);
    for (const timeEncoding of [true, false]) {
      const build = (): unknown =>
        smallWorld(pinnerformer, { ...small, timeEncoding }, { dataset: { ...dataset, times } });
      assert.throws(build, (error: unknown) => {
        assert.ok(error instanceof UsageError, String(error));
        assert.match(error.message, /in milliseconds, .* in seconds since 1970: divide them by 1000/);
        return true;
      });
    }
  });

  it('scores by the cosine over the temperature', async () => {
    const { backbone, parameters } = smallWorld(pinnerformer, { ...small, temperature: 0.2 });
    const own = (backbone as PinnerFormerBackbone).temperature().dataSync()[0];
    const [[state]] = await statesOf(backbone, [[5]]);
    const [scored, larger, scores, vectors] = tf.tidy(() => {
      const h = tf.tensor2d([state]);
      return [
        backbone.scoredState(h).arraySync()[0],
        backbone.scoredState(tf.mul(h, 7)).arraySync()[0],
        backbone.scores(h, backbone.itemVectors(), 1, 4).arraySync()[0],
        backbone.itemVectors().block(1, 4).arraySync(),
      ] as const;
    });
    assert.ok(Math.abs(norm(scored) * own - 1) < 1e-4);
    assertClose(larger, scored, 1e-3);
    const cosines = vectors.map(
      (row) => row.reduce((sum, x, i) => sum + x * state[i], 0) / norm(row) / norm(state),
    );
    assertClose(scores.map((score) => score * own), cosines, 1e-4); // prettier-ignore
    parameters.dispose();
  });

  it('learns a temperature that starts where it is told to and stays above .01', () => {
    const { backbone, parameters } = smallWorld(pinnerformer, { ...small, temperature: 0.2 });
    const { variable } = weightOf(parameters, 'backbone/logTemperature');
    const temperature = (theta: number): number => {
      tf.tidy(() => variable.assign(tf.tensor1d([theta])));
      return tf.tidy(() => (backbone as PinnerFormerBackbone).temperature().dataSync()[0]);
    };
    assert.ok(Math.abs(temperature(Math.log(0.19)) - 0.2) < 1e-6);
    assert.ok(temperature(-50) >= 0.01 - 1e-6);
    parameters.dispose();
  });

  it('gives the temperature its gradient', () => {
    const { backbone, parameters } = smallWorld(pinnerformer, small);
    const { variable } = weightOf(parameters, 'backbone/logTemperature');
    const value = (): tf.Scalar =>
      tf.sum(tf.mul(backbone.scoredState(tf.tensor2d([[1, 2, -3, 0.5]])), [[0.3, -1, 2, 1]]));
    const at = (theta: number): number => {
      tf.tidy(() => variable.assign(tf.tensor1d([theta])));
      return tf.tidy(() => value().dataSync()[0]);
    };
    const numeric = (at(-1.99) - at(-2.01)) / 0.02;
    at(-2);
    const analytic = tf.tidy(() => tf.variableGrads(value, [variable]).grads[variable.name].dataSync()[0]);
    assert.ok(Math.abs(numeric) > 1, `${numeric}`);
    assert.ok(Math.abs(analytic / numeric - 1) < 1e-2, `${analytic}, by differences ${numeric}`);
    parameters.dispose();
  });

  it('draws each target from the window of its position, in days', () => {
    for (const windowDays of [0, 10, 40]) {
      const world = smallWorld(pinnerformer, { ...small, windowDays, targetsPerPosition: 3 });
      const batch = trainingBatch(world);
      let farther = 0;
      for (const { place, target, items, times } of placesOf(world, batch)) {
        const inWindow = [...items.keys()].filter(
          (at) => at === place + 1 || (at > place && times[at] - times[place] <= windowDays * day),
        );
        assert.ok(
          inWindow.some((at) => items[at] === target),
          `${target} is not in the window`,
        );
        if (items[place + 1] !== target) farther++;
      }
      assert.equal(farther > 0, windowDays > 0);
      world.parameters.dispose();
    }
  });

  it('draws them from a number of steps where there are no times, never beyond the training part', () => {
    for (const windowSteps of [1, 3, 50, 4]) {
      const keys = { ...small, windowSteps, targetsPerPosition: 50 };
      // With real times too, if it is told to.
      const world = smallWorld(pinnerformer, keys, windowSteps === 4 ? {} : { dataset: withoutTimes() });
      const batch = trainingBatch(world);
      const expected = placesOf(world, batch).map(({ place, items }) =>
        items.slice(place + 1, place + 1 + windowSteps),
      );
      // With 50 targets a position every item of the window is drawn, each once.
      const drawn = new Map<string, number[]>();
      keysOf(batch.rows).forEach((_, p) => {
        const key = `${batch.rows.sequence[p]} ${batch.rows.position[p]}`;
        drawn.set(key, [...(drawn.get(key) ?? []), batch.rows.target[p]]);
      });
      let p = 0;
      for (const targets of drawn.values()) {
        assert.deepEqual(targets, [...expected[p]]);
        p += targets.length;
      }
      assert.equal(p, batch.rows.count);
      assert.equal(drawn.size, batch.lengths.reduce((sum, length) => sum + length, 0)); // prettier-ignore
      world.parameters.dispose();
    }
  });

  it('draws as many positions and targets as it is told to, by the seed', () => {
    const keys = { ...small, positionsPerUser: 2, targetsPerPosition: 2, windowSteps: 5 };
    const world = smallWorld(pinnerformer, keys, { dataset: withoutTimes() });
    const { rows } = trainingBatch(world);
    const positions = new Map<number, Set<number>>();
    rows.sequence.forEach((b, p) => positions.set(b, (positions.get(b) ?? new Set()).add(rows.position[p])));
    for (const own of positions.values()) assert.ok(own.size <= 2);
    assert.ok([...positions.values()].some(({ size }) => size === 2));
    const counts = new Map<string, number>();
    rows.sequence.forEach((b, p) => {
      const key = `${b} ${rows.position[p]}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    });
    assert.deepEqual([...new Set(counts.values())].sort(), [1, 2]); // one where the window has one
    assert.deepEqual(keysOf(trainingBatch(world).rows), keysOf(rows));
    assert.notDeepEqual(keysOf(trainingBatch(world, 2).rows), keysOf(rows));
    world.parameters.dispose();
  });

  it('trains towers and temperature by the mixed sampled softmax of the paper', async () => {
    const loss = { id: 'sampled-softmax', negatives: 'mixed', count: 8 };
    const world = smallWorld(pinnerformer, small, { loss });
    const { backbone, parameters } = world;
    const batch = await backbone.prepare(trainingBatch(world));
    const all = parameters.entries();
    const { value, grads } = tf.tidy(() =>
      tf.variableGrads(
        () => {
          const items = backbone.itemVectors();
          const states = backbone.encode(batch, items, Pass.train(1));
          const [B, T, D] = states.shape;
          const rows = batch.rows.sequence.map((b, p) => b * T + batch.rows.position[p]);
          const h = tf.gather(tf.reshape(states, [B * T, D]), tf.tensor1d(rows, 'int32')) as tf.Tensor2D;
          return tf.mean(backbone.rowLoss(h, batch.rows, items, Pass.train(2)));
        },
        all.map(({ variable }) => variable),
      ),
    );
    assert.ok(Number.isFinite(value.dataSync()[0]));
    for (const name of ['logTemperature', 'userTower/outer', 'itemTower/outer', 'items']) {
      const gradient = grads[weightOf(parameters, `backbone/${name}`).variable.name].dataSync();
      assert.ok(gradient.some((x) => x !== 0) && gradient.every(Number.isFinite), name);
    }
    tf.dispose([value, grads]);
    disposeBatch(batch);
    parameters.dispose();
  });

  describe('with a time encoding', () => {
    const timed = { ...small, timeEncoding: true };
    const history = Int32Array.of(1, 2, 3);
    /** States of one history whose items were taken on these days. */
    async function statesAt(days: readonly number[] | undefined): Promise<number[][]> {
      const { backbone, parameters } = smallWorld(pinnerformer, timed);
      const times = days?.map((own) => own * day);
      const sequence = { user: -1, history, next: 0, ...(times && { times }) };
      const options = { maxLength: 8, phase: 'predict', rows: lastItemRows, random: new Random(1) } as const;
      const batch = await backbone.prepare(makeBatch([sequence], options));
      const states = tf.tidy(() => backbone.encode(batch, backbone.itemVectors(), Pass.predict).arraySync());
      disposeBatch(batch);
      parameters.dispose();
      return states[0];
    }
    const differs = (a: readonly number[], b: readonly number[]): boolean =>
      a.some((value, i) => Math.abs(value - b[i]) > 1e-4);

    it('reads when an item was taken and nothing of later times', async () => {
      const [before, after, unknown] = [
        await statesAt([20, 21, 22]),
        await statesAt([20, 21, 60]),
        await statesAt(undefined),
      ];
      assertClose(after[0], before[0]);
      assertClose(after[1], before[1]);
      assert.ok(differs(before[2], after[2]));
      assert.ok(differs(before[0], unknown[0]));
      const shifted = await statesAt([50, 51, 52]);
      assert.ok(differs(shifted[0], before[0]), 'not the gaps alone');
    });

    it('hides the times of some training histories, others from epoch to epoch', () => {
      const { backbone, split, parameters } = smallWorld(pinnerformer, timed);
      const rows = backbone.rowSampler();
      const sequences = trainingSequences(split, 'histories', backbone.readsTimes);
      const hidden = (seed: number): number[] => {
        const { batchSize, length, times } = makeBatch(sequences, {
          ...{ maxLength: 8, phase: 'train' as const, random: new Random(seed) },
          rows: rows ?? assert.fail('no rows'),
        });
        return [...Array(batchSize).keys()].filter((b) => Number.isNaN(times?.[b * length]));
      };
      const counts = [1, 2, 3, 4, 5].map((seed) => hidden(seed).length);
      const share = counts.reduce((a, b) => a + b) / (5 * sequences.length);
      assert.ok(share > 0.02 && share < 0.25, String(share));
      assert.notDeepEqual(hidden(1), hidden(2));
      parameters.dispose();
    });

    it('is refused where the data has no real times', () => {
      assert.throws(
        () => smallWorld(pinnerformer, timed, { dataset: withoutTimes() }),
        (error) => error instanceof UsageError && /"backbone.timeEncoding" is true/.test(error.message),
      );
    });
  });

  it('reads attributes if it is told to, and says so if there are none', async () => {
    const { backbone, parameters } = smallWorld(pinnerformer, { ...small, attributes: true });
    const before = await statesOf(backbone, [[1, 2]]);
    const { variable } = weightOf(parameters, 'backbone/featureAttention/attributes');
    tf.tidy(() => variable.assign(tf.zerosLike(variable) as typeof variable));
    const after = await statesOf(backbone, [[1, 2]]);
    assert.ok(before[0][1].some((value, i) => Math.abs(value - after[0][1][i]) > 1e-4));
    parameters.dispose();
    const dataset = { ...testDataset(), attributes: undefined };
    assert.throws(
      () => smallWorld(pinnerformer, { ...small, attributes: true }, { dataset }),
      (error) => error instanceof UsageError && /"backbone.attributes"/.test(error.message),
    );
  });
});
