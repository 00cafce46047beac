import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { Random } from '@coco-rec/core';
import { checkGradients } from '@coco-rec/core/testing';
import { startTestEngine } from '../testing/test-engine.js';
import { Packing } from './packing.js';

describe('Packing', () => {
  before(startTestEngine);

  const lengths = Int32Array.of(2, 3, 0);
  const values = Float32Array.from({ length: 3 * 3 * 2 }, (_, i) => i + 1);

  it('leaves padding out and puts zeros in its place', () => {
    const packing = new Packing(3, 3, lengths);
    assert.deepEqual([...packing.places], [0, 1, 3, 4, 5, 6]); // an empty row counts as one
    tf.tidy(() => {
      const packed = packing.pack(tf.tensor2d(values, [9, 2]));
      assert.deepEqual([...packed.dataSync()], [1, 2, 3, 4, 7, 8, 9, 10, 11, 12, 13, 14]);
      const back = packing.unpack(packed).dataSync();
      assert.deepEqual([...back], [1, 2, 3, 4, 0, 0, 7, 8, 9, 10, 11, 12, 13, 14, 0, 0, 0, 0]);
    });
  });

  it('does nothing where nothing is padded', () => {
    tf.tidy(() => {
      const x = tf.tensor2d(values, [9, 2]);
      for (const packing of [new Packing(3, 3), new Packing(3, 3, Int32Array.of(3, 3, 9))]) {
        assert.equal(packing.places.length, 9);
        assert.equal(packing.pack(x), x);
        assert.equal(packing.unpack(x), x);
      }
    });
  });

  it('has the gradients of central differences', () => {
    const packing = new Packing(3, 3, lengths);
    const whole = tf.tensor2d(values, [9, 2]);
    const packed = tf.tensor2d(values.subarray(0, 12), [6, 2]);
    checkGradients((x) => packing.pack(x), [whole], { random: new Random(1), directions: 3 });
    checkGradients((x) => packing.unpack(x), [packed], { random: new Random(2), directions: 3 });
    tf.dispose([whole, packed]);
  });
});
