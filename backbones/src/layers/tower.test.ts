import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { pinnerformer } from '../pinnerformer.js';
import { assertClose, smallWorld, weightOf } from '../small-world.test.js';

const small = { dimension: 4, maxLength: 8, numLayers: 1 };
const norm = (row: readonly number[]): number => Math.hypot(...row);

describe('PinnerFormer with and without towers', () => {
  before(() => tf.setBackend('cpu'));

  it('has item vectors of length 1, the same by id and by block', () => {
    for (const itemTower of [true, false]) {
      const { backbone, parameters } = smallWorld(pinnerformer, { ...small, itemTower });
      const items = backbone.itemVectors();
      const block = tf.tidy(() => items.block(3, 8).arraySync());
      const gathered = tf.tidy(() => items.gather(tf.tensor1d([3, 4, 5, 6, 7], 'int32')).arraySync());
      block.forEach((row, i) => {
        assert.ok(Math.abs(norm(row) - 1) < 1e-4);
        assertClose(gathered[i], row);
      });
      const row = (weightOf(parameters, 'backbone/items').variable.arraySync() as number[][])[3];
      if (!itemTower) assertClose(block[0], row.map((x) => x / norm(row))); // prettier-ignore
      parameters.dispose();
    }
  });

  it('has the weights of the towers that it is told to have', () => {
    for (const keys of [{ itemTower: false }, { userTower: false }, {}]) {
      const { parameters } = smallWorld(pinnerformer, { ...small, ...keys });
      const names = parameters.entries().map(({ name }) => name.split('/')[1]);
      for (const tower of ['itemTower', 'userTower'])
        assert.equal(names.includes(tower), !(tower in keys), tower);
      parameters.dispose();
    }
  });
});
