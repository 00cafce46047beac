import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { Random } from '../random.js';
import { checkGradients } from '../testing/check-gradients.js';
import { closeTo, normals } from '../testing/close-to.test.js';
import { eachBackend, leaked } from '../testing/each-backend.test.js';
import { attention } from './attention.js';
import { dropout } from './dropout.js';
import { linear } from './linear.js';
import { type ChunkForward, chunkRows, recomputed } from './recomputed.js';
import { tapeIsOn } from './tape.js';

const rows = 7;

/** A small network: custom ops, plain ops and dropout by row. */
const network =
  (weight: tf.Tensor): ChunkForward =>
  ([x, scale], chunk) => {
    const hidden = dropout(tf.tanh(linear(x, weight)), 0.3, 17, chunkRows(chunk)); // [rows, 3, 4]
    const heads = tf.expandDims(hidden, 1) as tf.Tensor4D;
    return tf.mul(tf.squeeze(attention(heads, heads, heads), [1]), scale);
  };

const inputs = (): [tf.Tensor, tf.Tensor, tf.Tensor] => [
  normals([rows, 3, 5], new Random(1)),
  normals([rows, 1, 1], new Random(2)),
  normals([5, 4], new Random(3)),
];

describe('recomputed', () => {
  eachBackend(() => {
    it('is the forward itself, gradient too, whatever the chunk size', () => {
      tf.tidy(() => {
        const [x, scale, weight] = inputs();
        const all = { from: 0, to: rows, rows: undefined };
        const plain = (a: tf.Tensor, b: tf.Tensor, w: tf.Tensor): tf.Tensor => network(w)([a, b], all);
        const dy = normals([rows, 3, 4], new Random(4));
        const expected = tf.valueAndGrads(plain)([x, scale, weight], dy);
        for (const chunkSize of [1, 3, 7, 100]) {
          const op = (a: tf.Tensor, b: tf.Tensor, w: tf.Tensor): tf.Tensor =>
            recomputed(network(w), [a, b], [w], { chunkSize });
          const found = tf.valueAndGrads(op)([x, scale, weight], dy);
          closeTo(found.value, expected.value, 1e-6);
          found.grads.forEach((gradient, i) => closeTo(gradient, expected.grads[i], 1e-5));
        }
      });
    });

    it('gives the selected rows their gradient, the others none', () => {
      tf.tidy(() => {
        const [x, scale, weight] = inputs();
        const selected = Int32Array.of(5, 1, 2);
        const open = tf.tensor3d([0, 1, 1, 0, 0, 1, 0], [rows, 1, 1]);
        const dy = normals([rows, 3, 4], new Random(4));
        const op = (a: tf.Tensor, b: tf.Tensor, w: tf.Tensor): tf.Tensor =>
          recomputed(network(w), [a, b], [w], { chunkSize: 2, backwardRows: () => selected });
        const all = { from: 0, to: rows, rows: undefined };
        const masked = (a: tf.Tensor, b: tf.Tensor, w: tf.Tensor): tf.Tensor =>
          tf.mul(network(w)([a, b], all), open);
        const found = tf.grads(op)([x, scale, weight], dy);
        tf.grads(masked)([x, scale, weight], dy).forEach((gradient, i) => closeTo(found[i], gradient, 1e-5));
      });
    });

    it('reads the rows when the backward pass starts, and runs nothing where there are none', () => {
      tf.tidy(() => {
        const [x, scale, weight] = inputs();
        let calls = 0;
        let selected: Int32Array | undefined;
        const counted: ChunkForward = (parts, chunk) => {
          calls++;
          assert.equal(tapeIsOn(), chunk.rows !== undefined);
          return network(weight)(parts, chunk);
        };
        const [gradient] = tf.grads((a) => {
          const out = recomputed(counted, [a, scale], [weight], {
            chunkSize: 3,
            backwardRows: () => selected as Int32Array,
          });
          selected = new Int32Array(0);
          return out;
        })([x]);
        assert.equal(calls, 3);
        closeTo(gradient, tf.zerosLike(x));
      });
    });

    it('works with inputs made inside the tape and freed before the backward pass', () => {
      const [x, scale, weight] = inputs();
      const op = (a: tf.Tensor): tf.Tensor =>
        tf.tidy(() =>
          recomputed(network(weight), [tf.square(a), tf.add(scale, 1)], [weight], { chunkSize: 4 }),
        );
      tf.tidy(() => {
        checkGradients(op, [x], { random: new Random(6) });
      });
    });

    it('gives zero to a variable that the output does not use', () => {
      tf.tidy(() => {
        const [x, scale, weight] = inputs();
        const idle = tf.ones([2]);
        const op = (w: tf.Tensor): tf.Tensor =>
          recomputed(network(weight), [x, scale], [weight, w], { chunkSize: 4 });
        closeTo(tf.grad(op)(idle), tf.zeros([2]));
      });
    });

    it('keeps only its inputs for the backward pass, and leaves nothing behind', () => {
      const [x, scale, weight] = inputs();
      const op = tf.grads((a, b, w) => {
        const before = tf.memory().numTensors;
        const out = recomputed(network(w), [a, b], [w], { chunkSize: 2 });
        assert.equal(tf.memory().numTensors - before, 3); // the output and two saved inputs
        return out;
      });
      assert.equal(
        leaked(() => tf.dispose(tf.tidy(() => op([x, scale, weight])))),
        0,
      );
    });
  });
});
