import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { type ItemAttributes, Parameters, Random, UsageError } from '@coco-rec/core';
import { testDataset } from '@coco-rec/core/testing';
import { pinnerformer } from '../pinnerformer.js';
import { assertClose, smallWorld, weightOf } from '../small-world.test.js';
import { AttributeMeans } from './attribute-means.js';

const [count, dimension] = [5, 3];
/** Item 0 is padding; 1 has attributes 2 and 3, 2 none, 3 has 1, 4 has 1, 2 and 3. */
const attributes: ItemAttributes = {
  offsets: Int32Array.of(0, 0, 2, 2, 3, 6),
  values: Int32Array.of(2, 3, 1, 1, 2, 3),
  count: 3,
};

function world(): { means: AttributeMeans; variable: tf.Variable; rows: number[][]; dispose: () => void } {
  const parameters = new Parameters(new Random(1));
  const means = new AttributeMeans(parameters, attributes, count, { dimension, deviation: 1 });
  const { variable } = weightOf(parameters, 'attributes');
  return { means, variable, rows: variable.arraySync() as number[][], dispose: () => parameters.dispose() };
}

describe('attribute means', () => {
  before(() => tf.setBackend('cpu'));

  it("are the means of each item's attributes, 0 without any, by id and by block, and leave nothing behind", () => {
    const { means, rows, dispose } = world();
    const mean = (...ids: number[]): number[] =>
      Array.from({ length: dimension }, (_, d) => ids.reduce((sum, id) => sum + rows[id][d] / ids.length, 0));
    const expected = [mean(), mean(2, 3), mean(), mean(1), mean(1, 2, 3)]; // of none: 0
    const before = tf.memory().numTensors;
    const read = (make: () => tf.Tensor2D): number[][] => tf.tidy(() => make().arraySync());
    read(() => means.block(1, 5)).forEach((row, i) => assertClose(row, expected[i + 1]));
    const ids = [4, 0, 1, 4];
    read(() => means.gather(tf.tensor1d(ids, 'int32'))).forEach((row, i) =>
      assertClose(row, expected[ids[i]]),
    );
    assert.equal(tf.memory().numTensors, before);
    dispose();
  });

  it('give the attributes their gradient, by id and by block', () => {
    const { means, variable, rows, dispose } = world();
    const weight = tf.tensor2d([[0.3, -1, 2], [1, 0.5, -0.7], [0.2, 0.9, 1.4]]); // prettier-ignore
    const ways = [() => means.gather(tf.tensor1d([4, 1, 4], 'int32')), () => means.block(2, 5)];
    for (const way of ways) {
      const value = (): tf.Scalar => tf.sum(tf.mul(tf.square(way()), weight));
      const analytic = tf.tidy(
        () => tf.variableGrads(value, [variable]).grads[variable.name].arraySync() as number[][],
      );
      const at = (id: number, d: number, step: number): number => {
        const moved = rows.map((row, i) => row.map((x, j) => (i === id && j === d ? x + step : x)));
        tf.tidy(() => variable.assign(tf.tensor2d(moved)));
        return tf.tidy(() => value().dataSync()[0]);
      };
      for (let id = 0; id < rows.length; id++) {
        const numeric = rows[id].map((_, d) => (at(id, d, 0.03) - at(id, d, -0.03)) / 0.06);
        assertClose(analytic[id], numeric, 1e-3);
      }
      tf.tidy(() => variable.assign(tf.tensor2d(rows)));
    }
    weight.dispose();
    dispose();
  });

  it('join the item vectors of PinnerFormer, which refuses data without attributes', () => {
    const keys = { dimension: 4, maxLength: 8, numLayers: 1, itemAttributes: true };
    const { backbone, parameters } = smallWorld(pinnerformer, keys);
    const vectors = (): number[][] => tf.tidy(() => backbone.itemVectors().block(1, 8).arraySync());
    const before = vectors();
    const ids = tf.tensor1d([1, 2, 3, 4, 5, 6, 7], 'int32');
    const gathered = tf.tidy(() => backbone.itemVectors().gather(ids).arraySync());
    gathered.forEach((row, i) => {
      assertClose(row, before[i]);
      assert.ok(Math.abs(Math.hypot(...row) - 1) < 1e-4);
    });
    ids.dispose();
    const { variable } = weightOf(parameters, 'backbone/itemAttributes/attributes');
    tf.tidy(() => variable.assign(tf.zerosLike(variable) as typeof variable));
    const moved = vectors().map((row, i) => Math.max(...row.map((x, d) => Math.abs(x - before[i][d]))));
    assert.ok(moved.every((by) => by > 1e-4), moved.join()); // prettier-ignore
    parameters.dispose();
    const dataset = { ...testDataset(), attributes: undefined };
    assert.throws(
      () => smallWorld(pinnerformer, keys, { dataset }),
      (error) => error instanceof UsageError && /"backbone.itemAttributes" is true/.test(error.message),
    );
  });
});
