import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { Random } from '../random.js';
import { closeTo, normals } from '../testing/close-to.test.js';
import { eachBackend, leaked } from '../testing/each-backend.test.js';
import { FrozenItemVectors } from './frozen-item-vectors.js';

describe('FrozenItemVectors', () => {
  eachBackend(() => {
    it('turn a block once, and free everything', () => {
      const values = normals([6, 3], new Random(1)) as tf.Tensor2D;
      const total = leaked(() => {
        const items = new FrozenItemVectors(tf.clone(values));
        tf.tidy(() => {
          closeTo(items.turnedBlock(1, 6), tf.transpose(tf.slice(values, [1, 0], [5, 3])), 0);
          closeTo(items.turnedBlock(0, 2), tf.transpose(tf.slice(values, [0, 0], [2, 3])), 0);
        });
        assert.equal(items.turnedBlock(1, 6), items.turnedBlock(1, 6));
        items.dispose();
      });
      assert.equal(total, 0);
    });
  });
});
