/** What PinnerFormer draws from a window of days, place by place, and the table its items start from. */
import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import {
  type Batch,
  type Dataset,
  DatasetBuilder,
  Parameters,
  Random,
  createLoss,
  leaveOneOut,
  makeBatch,
  readConfig,
  trainingSequences,
} from '@coco-rec/core';
import { testDataset } from '@coco-rec/core/testing';
import { PinnerFormerConfig, pinnerformer } from './pinnerformer.js';
import { type SmallWorld, assertClose, smallWorld } from './small-world.test.js';

const day = 86_400;
const maxLength = 6;
const every = { dimension: 4, maxLength, numLayers: 1, targetsPerPosition: 50, positionsPerUser: 50 };

/** When each user took an item; the last two of each are held out, and the one before them is a target only. */
const daysOfUsers = [
  [0, 5, 9, 15, 61, 70, 101, 102, 103], // 10 and 40 days to the second one after
  [0, 1, 12, 30, 40, 41, 50, 90, 91, 95, 135, 136, 137, 138], // longer than the backbone reads
  [7, 7, 7, 20, 21, 22], // three at once
  [3, 300, 301, 302], // one of training, one target
];

/** Each user has items of their own, each once: a target tells its place. */
function timedDataset(): Dataset {
  const builder = new DatasetBuilder();
  daysOfUsers.forEach((days, user) =>
    days.forEach((own, place) =>
      builder.addInteraction(`user${user}`, `item${user} ${place}`, 1.6e9 + own * day),
    ),
  );
  const hasher = { sha256: () => 'hash' };
  return builder.build({ name: 'timed', report: { counts: {}, warnings: [] }, hasher });
}

function trainingBatch({ backbone, split }: SmallWorld): Batch {
  const rows = backbone.rowSampler() ?? assert.fail('no rows');
  return makeBatch(trainingSequences(split), { maxLength, phase: 'train', rows, random: new Random(1) });
}

/** The places from which each place's targets are drawn, by user and place. */
function drawnPlaces({ split }: SmallWorld, { rows, offsets }: Batch): Map<string, number[]> {
  const { dataset } = split;
  const drawn = new Map<string, number[]>();
  for (let p = 0; p < rows.count; p++) {
    const user = rows.user[p];
    const own = dataset.sequence.subarray(dataset.offsets[user], dataset.offsets[user + 1]);
    const key = `${user}: ${offsets[rows.sequence[p]] + rows.position[p]}`;
    drawn.set(key, [...(drawn.get(key) ?? []), own.indexOf(rows.target[p])]);
  }
  for (const places of drawn.values()) places.sort((a, b) => a - b);
  return drawn;
}

/** The same by the definition: the next place, and the later ones of training that are in the window. */
function windowPlaces(windowDays: number): Map<string, number[]> {
  const expected = new Map<string, number[]>();
  daysOfUsers.forEach((days, user) => {
    const count = days.length - 2;
    for (let place = Math.max(0, count - 1 - maxLength); place < count - 1; place++) {
      const later = [...Array(count).keys()].slice(place + 1);
      const inWindow = later.filter((at) => at === place + 1 || days[at] - days[place] <= windowDays);
      expected.set(`${user}: ${place}`, inWindow);
    }
  });
  return expected;
}

describe('the rows of a window of days', () => {
  before(() => tf.setBackend('cpu'));

  for (const windowDays of [0, 10, 40]) {
    it(`are the next item and all later ones within ${windowDays} days of their own position, no others`, () => {
      const world = smallWorld(pinnerformer, { ...every, windowDays }, { dataset: timedDataset() });
      const expected = windowPlaces(windowDays);
      const onTheEdge = daysOfUsers.some((days) =>
        days.slice(0, -2).some((from, at) => days.slice(at + 2, -2).includes(from + windowDays)),
      );
      assert.ok(onTheEdge, 'an item is exactly so far from one that is not next to it');
      assert.deepEqual(drawnPlaces(world, trainingBatch(world)), expected);
      world.parameters.dispose();
    });
  }

  it('see the history up to their own position, counted from its first item', () => {
    const world = smallWorld(pinnerformer, { ...every, windowDays: 40 }, { dataset: timedDataset() });
    const { rows, offsets } = trainingBatch(world);
    assert.deepEqual([...offsets], [0, 5, 0, 0]);
    const expected = rows.position.map((position, p) => offsets[rows.sequence[p]] + position + 1);
    assert.deepEqual(rows.visibleUntil, expected);
    // A target is never among what its row sees.
    const { dataset } = world.split;
    for (let p = 0; p < rows.count; p++) {
      const start = dataset.offsets[rows.user[p]];
      const seen = dataset.sequence.subarray(start, start + rows.visibleUntil[p]);
      assert.ok(seen.length > 0 && !seen.includes(rows.target[p]));
    }
    world.parameters.dispose();
  });

  it('draw fewer targets from the same windows, each once', () => {
    const keys = { ...every, windowDays: 40, targetsPerPosition: 2 };
    const world = smallWorld(pinnerformer, keys, { dataset: timedDataset() });
    const drawn = drawnPlaces(world, trainingBatch(world));
    const expected = windowPlaces(40);
    assert.deepEqual([...drawn.keys()], [...expected.keys()]);
    for (const [key, all] of expected) {
      const places = drawn.get(key) ?? [];
      assert.equal(new Set(places).size, Math.min(2, all.length), key);
      assert.ok(places.length <= 2 && places.every((place) => all.includes(place)), key);
    }
    world.parameters.dispose();
  });
});

describe('the item table of PinnerFormer', () => {
  before(() => tf.setBackend('cpu'));

  for (const dimension of [16, 64]) {
    it(`starts with vectors of length about .5 at width ${dimension}`, () => {
      const dataset = testDataset({ items: 200 });
      const { trainLengths } = leaveOneOut(dataset);
      const parameters = new Parameters(new Random(1));
      const config = readConfig(PinnerFormerConfig, { ...every, dimension }, 'backbone');
      const loss = createLoss('softmax', { dataset, trainLengths, random: new Random(2) });
      const { itemCount } = dataset;
      pinnerformer.create(config).initialize({ itemCount, parameters, loss, dataset });
      const table = parameters.entries().find(({ name }) => name === 'items') ?? assert.fail('no table');
      const values = Float32Array.from(table.variable.dataSync());
      assert.equal(values.length, 201 * dimension);
      const squares = values.reduce((sum, value) => sum + value * value, 0);
      const deviation = Math.sqrt(squares / values.length);
      assertClose([deviation * Math.sqrt(dimension)], [0.5], 0.02);
      parameters.dispose();
    });
  }
});
