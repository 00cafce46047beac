import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { Random } from '../random.js';
import { checkGradients } from '../testing/check-gradients.js';
import { closeTo, normals } from '../testing/close-to.test.js';
import { eachBackend, leaked } from '../testing/each-backend.test.js';
import { dropout } from './dropout.js';
import { relu } from './relu.js';
import { type ResidualOptions, residual } from './residual.js';

const options: ResidualOptions[] = [{}, { scale: 3 }, { dropout: { rate: 0.5, key: 3 } }];
options.push({ scale: 3, dropout: { rate: 0.5, key: 3 } }, { dropout: { rate: 0, key: 1 } });

function reference(
  x: tf.Tensor,
  branch: tf.Tensor,
  { scale = 1, dropout: drop }: ResidualOptions,
): tf.Tensor {
  const scaled = tf.mul(branch, scale);
  return tf.add(x, drop ? dropout(scaled, drop.rate, drop.key) : scaled);
}

describe('residual', () => {
  eachBackend(() => {
    it('is the sum, gradient too', () => {
      const inputs = [normals([2, 3, 4], new Random(1)), normals([2, 3, 4], new Random(2))];
      const dy = normals([2, 3, 4], new Random(3));
      for (const each of options) {
        const op = (x: tf.Tensor, branch: tf.Tensor): tf.Tensor => residual(x, branch, each);
        closeTo(op(inputs[0], inputs[1]), reference(inputs[0], inputs[1], each), 1e-6);
        const expected = tf.grads((x, branch) => reference(x, branch, each))(inputs, dy);
        tf.grads(op)(inputs, dy).forEach((gradient, i) => closeTo(gradient, expected[i], 1e-6));
        checkGradients(op, inputs, { random: new Random(4) });
      }
    });

    it('adds up gradients where an input goes both ways', () => {
      const x = normals([5], new Random(1));
      const twice = tf.grad((v) => residual(residual(v, v), v, { scale: 2 }))(x);
      closeTo(twice, tf.fill([5], 4));
    });

    it('leaves nothing behind', () => {
      const inputs = [normals([3, 4], new Random(1)), normals([3, 4], new Random(2))];
      for (const each of options) {
        const op = tf.grads((x, branch) => residual(x, branch, each));
        assert.equal(
          leaked(() => tf.dispose(op(inputs))),
          0,
        );
      }
    });
  });
});

describe('relu', () => {
  eachBackend(() => {
    it("is tfjs's, gradient too, and leaves nothing behind", () => {
      const x = tf.tensor1d([-2, -0.1, 0, 0.1, 3]);
      const dy = tf.tensor1d([1, 2, 3, 4, 5]);
      closeTo(relu(x), tf.relu(x), 0);
      closeTo(tf.grad((v) => relu(v))(x, dy), tf.tensor1d([0, 0, 0, 4, 5]), 0);
      assert.equal(
        leaked(() =>
          tf
            .grad((v) => relu(v))(x, dy)
            .dispose(),
        ),
        0,
      );
    });
  });
});
