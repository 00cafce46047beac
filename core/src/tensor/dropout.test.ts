import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { hash32 } from '../random.js';
import { closeTo } from '../testing/close-to.test.js';
import { eachBackend, leaked } from '../testing/each-backend.test.js';
import { dropout, dropoutMask } from './dropout.js';

describe('dropout', () => {
  eachBackend(() => {
    it('zeroes about `rate` of the elements and scales the rest', () => {
      const values = dropout(tf.ones([100, 101]), 0.3, 12).dataSync();
      const zeros = values.filter((value) => value === 0).length;
      assert.ok(Math.abs(zeros / 10100 - 0.3) < 0.02);
      assert.ok(values.every((value) => value === 0 || Math.abs(value - 1 / 0.7) < 1e-4));
    });

    it('takes element i from half of the hash of its pair', () => {
      const mask = dropoutMask([7], { rate: 0.5, key: 42 }).dataSync();
      for (let i = 0; i < 7; i++) {
        const bits = hash32(42, i - (i % 2));
        const half = i % 2 === 0 ? bits & 0xffff : bits >>> 16;
        assert.equal(mask[i], half >= 32768 ? 2 : 0);
      }
    });

    it('takes the same hash for every key, rate and place', () => {
      for (const [key, rate] of [
        [0, 0.1],
        [0xffffffff, 0.9],
        [0x80000001, 0.5],
      ]) {
        const mask = dropoutMask([1001], { rate, key }).dataSync();
        const threshold = Math.round(rate * 65536);
        for (let i = 0; i < 1001; i++) {
          const bits = hash32(key, i - (i % 2));
          assert.equal(mask[i] > 0, (i % 2 === 0 ? bits & 0xffff : bits >>> 16) >= threshold);
        }
      }
    });

    it('is named by its key', () => {
      const mask = (key: number): number[] => Array.from(dropoutMask([64], { rate: 0.5, key }).dataSync());
      assert.deepEqual(mask(1), mask(1));
      assert.notDeepEqual(mask(1), mask(2));
    });

    it('gives a row its own mask wherever it stands', () => {
      for (const width of [3, 4]) {
        const whole = dropoutMask([6, width], { rate: 0.4, key: 9 }) as tf.Tensor2D;
        const rows = Int32Array.of(5, 0, 3);
        const some = dropoutMask([3, width], { rate: 0.4, key: 9, rows });
        closeTo(some, tf.gather(whole, tf.tensor1d(rows, 'int32')));
      }
      const nothing = dropout(tf.zeros([0, 4]), 0.5, 1, new Int32Array(0));
      assert.deepEqual(nothing.shape, [0, 4]);
    });

    it('passes the gradient where the mask is open, and leaves nothing behind', () => {
      const x = tf.ones([5, 5]);
      closeTo(tf.grad((v) => dropout(v, 0.5, 3))(x), dropoutMask([5, 5], { rate: 0.5, key: 3 }));
      assert.equal(
        leaked(() =>
          tf
            .grad((v) => dropout(v, 0.5, 3))(x)
            .dispose(),
        ),
        0,
      );
    });

    it('keeps everything at rate 0', () => {
      closeTo(dropout(tf.ones([9]), 0, 3), tf.ones([9]));
    });
  });
});
