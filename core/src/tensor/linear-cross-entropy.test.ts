import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { Random } from '../random.js';
import { checkGradients } from '../testing/check-gradients.js';
import { closeTo, isFinite, normals, valuesCloseTo } from '../testing/close-to.test.js';
import { eachBackend, leaked } from '../testing/each-backend.test.js';
import { linearCrossEntropy } from './linear-cross-entropy.js';

type Arguments = [h: tf.Tensor2D, table: tf.Tensor2D, labels: tf.Tensor1D];

/** Plain loops in float64. */
function reference([h, table, labels]: Arguments, bias?: tf.Tensor, firstItem = 1): number[] {
  const [states, items, biases] = [h.arraySync(), table.arraySync(), bias?.dataSync()];
  return Array.from(labels.dataSync(), (label, p) => {
    const logits = items.map((item, v) =>
      item.reduce((sum, x, d) => sum + x * states[p][d], biases?.[v] ?? 0),
    );
    const others = logits.slice(firstItem);
    const top = Math.max(...others);
    return top + Math.log(others.reduce((sum, logit) => sum + Math.exp(logit - top), 0)) - logits[label];
  });
}

/** The same from tfjs's own ops, for gradients. */
function composed([h, table, labels]: Arguments, firstItem = 1): tf.Tensor1D {
  const [count, size] = table.shape;
  const logits = tf.matMul(h, tf.slice(table, [firstItem, 0], [count - firstItem, size]), false, true);
  const own = tf.oneHot(tf.sub(labels, tf.scalar(firstItem, 'int32')), count - firstItem);
  return tf.neg(tf.sum(tf.mul(tf.logSoftmax(logits), own), 1));
}

function example(rows = 5, items = 11, size = 4, scale = 1): Arguments {
  const random = new Random(7);
  const labels = Int32Array.from({ length: rows }, () => 1 + random.integer(items - 1));
  return [
    normals([rows, size], random, scale) as tf.Tensor2D,
    normals([items, size], random, scale) as tf.Tensor2D,
    tf.tensor1d(labels, 'int32'),
  ];
}

describe('linearCrossEntropy', () => {
  eachBackend(() => {
    it('agrees with plain loops, with and without bias and padding rows', () => {
      const input = example();
      const bias = normals([11], new Random(3)) as tf.Tensor1D;
      valuesCloseTo(linearCrossEntropy(...input).dataSync(), reference(input), 1e-6);
      valuesCloseTo(linearCrossEntropy(...input, { bias }).dataSync(), reference(input, bias), 1e-6);
      valuesCloseTo(
        linearCrossEntropy(...input, { firstItem: 0 }).dataSync(),
        reference(input, undefined, 0),
        1e-6,
      );
    });

    it('has the gradients of the composed op, whatever the weights of the rows', () => {
      const input = example(40, 23, 3);
      const [h, table, labels] = input;
      const random = new Random(5);
      for (const weights of [tf.fill([40], 0.025), normals([40], random) as tf.Tensor1D, tf.zeros([40])]) {
        const run = (op: (...input: Arguments) => tf.Tensor): tf.Tensor[] =>
          tf.grads((a, b) => op(a as tf.Tensor2D, b as tf.Tensor2D, labels))([h, table], weights);
        const expected = run((...all) => composed(all));
        run(linearCrossEntropy).forEach((gradient, i) => closeTo(gradient, expected[i], 1e-5));
      }
    });

    it('has right gradients by central differences, bias included', () => {
      const [h, table, labels] = example();
      const bias = normals([11], new Random(3));
      const random = new Random(1);
      checkGradients(
        (a, b, c) =>
          linearCrossEntropy(a as tf.Tensor2D, b as tf.Tensor2D, labels, { bias: c as tf.Tensor1D }),
        [h, table, bias],
        { random },
      );
      const mean = (a: tf.Tensor, b: tf.Tensor): tf.Tensor =>
        tf.mean(linearCrossEntropy(a as tf.Tensor2D, b as tf.Tensor2D, labels, { firstItem: 0 }));
      checkGradients(mean, [h, table], { random });
    });

    it('is the same when rows need several blocks', () => {
      const input = example(17, 25_000, 1);
      const [h, table, labels] = input;
      valuesCloseTo(linearCrossEntropy(...input).dataSync(), reference(input), 1e-5);
      const run = (op: (...input: Arguments) => tf.Tensor): tf.Tensor[] =>
        tf.grads((a, b) => tf.mean(op(a as tf.Tensor2D, b as tf.Tensor2D, labels)))([h, table]);
      const expected = run((...all) => composed(all));
      run(linearCrossEntropy).forEach((gradient, i) => closeTo(gradient, expected[i], 1e-4));
    }).timeout(30_000); // the CPU engine's products are slow

    it('neither overflows nor loses the sum with huge logits', () => {
      const labels = tf.tensor1d([1, 2, 3], 'int32');
      for (const [size, tolerance] of [
        [60, 1e-5],
        [100, 1e-5],
        [1e4, 1e-3],
      ] as const) {
        const h = tf.tensor2d([[1], [-1], [1]]);
        const table = tf.tensor2d([[0], [size], [-size], [-size / 2]]);
        valuesCloseTo(
          linearCrossEntropy(h, table, labels).dataSync(),
          reference([h, table, labels]),
          tolerance,
        );
        const gradients = tf.grads((a, b) => linearCrossEntropy(a as tf.Tensor2D, b as tf.Tensor2D, labels))([
          h,
          table,
        ]);
        gradients.forEach(isFinite);
        valuesCloseTo(gradients[0].dataSync(), [0, 0, 1.5 * size], 1e-5);
      }
      const all = linearCrossEntropy(
        tf.tensor2d([[1e4]]),
        tf.tensor2d([[0], [-1], [-1]]),
        tf.tensor1d([2], 'int32'),
      );
      valuesCloseTo(all.dataSync(), [Math.log(2)], 1e-5); // every logit is −10,000
    });

    it('passes a NaN on instead of hiding it', () => {
      const loss = linearCrossEntropy(
        tf.tensor2d([[NaN]]),
        tf.tensor2d([[0], [1], [2]]),
        tf.tensor1d([1], 'int32'),
      );
      assert.ok(Number.isNaN(loss.dataSync()[0]));
    });

    it('handles one row, one item and one dimension', () => {
      const loss = linearCrossEntropy(tf.tensor2d([[3]]), tf.tensor2d([[9], [2]]), tf.tensor1d([1], 'int32'));
      valuesCloseTo(loss.dataSync(), [0]);
    });

    it('leaves nothing behind', () => {
      const [h, table, labels] = example();
      const run = (): void => {
        const op = tf.grads((a, b) => linearCrossEntropy(a as tf.Tensor2D, b as tf.Tensor2D, labels));
        tf.dispose(tf.tidy(() => op([h, table])));
        linearCrossEntropy(h, table, labels).dispose();
      };
      assert.equal(leaked(run), 0);
    });
  });
});
