import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { eachBackend, leaked } from '../testing/each-backend.test.js';
import { valuesCloseTo } from '../testing/close-to.test.js';
import { customOp, gradientsOf, tapeIsOn, withoutTape } from './tape.js';

/** Σ x³ whose gradient is computed on a nested tape. */
const nestedCube = (x: tf.Tensor): tf.Tensor =>
  customOp(
    { x },
    (save) => {
      save([x]);
      return tf.mul(tf.mul(x, x), x);
    },
    (dy, [saved]) => ({
      x: () => gradientsOf(() => tf.mul(tf.square(saved), saved), [saved], dy).gradients[0] as tf.Tensor,
    }),
  );

describe('tape', () => {
  eachBackend(() => {
    it('records nothing in withoutTape', () => {
      const x = tf.tensor1d([1, 2]);
      const count = leaked(() =>
        tf.tidy(() => {
          const gradient = tf.grad((v) => {
            assert.equal(tapeIsOn(), true);
            const constant = withoutTape(() => {
              assert.equal(tapeIsOn(), false);
              return tf.square(v);
            });
            assert.equal(tapeIsOn(), true);
            return tf.sum(tf.mul(v, constant));
          })(x);
          valuesCloseTo(gradient.dataSync(), [1, 4]); // x² counts as a constant
        }),
      );
      assert.equal(count, 0);
      x.dispose();
    });

    it('turns the tape on again after an error', () => {
      tf.tidy(() =>
        tf.grad((v) => {
          assert.throws(() =>
            withoutTape(() => {
              throw new Error('stop');
            }),
          );
          assert.equal(tapeIsOn(), true);
          return tf.square(v);
        })(tf.scalar(2)),
      );
    });

    it('computes gradients inside a gradient function and keeps the outer tape', () => {
      const x = tf.tensor1d([1, 2, -3]);
      const count = leaked(() =>
        tf.tidy(() => {
          const gradient = tf.grad((v) => tf.sum(tf.mul(nestedCube(tf.mul(v, 2)), v)))(x);
          // d/dx of 8x⁴
          valuesCloseTo(gradient.dataSync(), [32, 256, -864]);
        }),
      );
      assert.equal(count, 0);
      x.dispose();
    });

    it('computes gradients inside a forward pass and inside withoutTape', () => {
      const x = tf.tensor1d([1, 2]);
      const count = leaked(() =>
        tf.tidy(() => {
          const gradient = tf.grad((v) => {
            const slope = withoutTape(() => gradientsOf(() => tf.square(v), [v]).gradients[0] as tf.Tensor);
            return tf.sum(tf.mul(v, slope));
          })(x);
          valuesCloseTo(gradient.dataSync(), [2, 4]); // the slope counts as a constant
        }),
      );
      assert.equal(count, 0);
      x.dispose();
    });

    it('gives undefined where the output does not depend on x', () => {
      tf.tidy(() => {
        const [a, b] = [tf.scalar(1), tf.scalar(2)];
        const { value, gradients } = gradientsOf(() => tf.square(a), [a, b]);
        assert.equal(value.dataSync()[0], 1);
        assert.equal(gradients[1], undefined);
      });
    });

    it('leaves no tensor behind when the nested function fails', () => {
      const x = tf.tensor1d([1, 2]);
      const count = leaked(() => {
        const failing = (): tf.Tensor => {
          tf.square(x);
          throw new Error('stop');
        };
        assert.throws(() => tf.tidy(() => gradientsOf(failing, [x])), /stop/);
        assert.equal(tapeIsOn(), false);
      });
      assert.equal(count, 0);
      x.dispose();
    });

    it('computes only the gradients that are asked for', () => {
      const asked: string[] = [];
      const product = (a: tf.Tensor, b: tf.Tensor): tf.Tensor =>
        customOp(
          { a, b },
          () => tf.mul(a, b),
          (dy) => ({
            a: () => (asked.push('a'), tf.clone(dy)),
            b: () => (asked.push('b'), tf.clone(dy)),
          }),
        );
      tf.tidy(() => tf.grad((a) => product(a, tf.scalar(3)))(tf.scalar(2)));
      assert.deepEqual(asked, ['a']);
    });
  });
});
