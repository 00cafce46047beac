import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { Adam, joinedAttention, layerNorm, linear, relu, residual, sampledSoftmax } from '@coco-rec/core';
import { assertClose, comparedEngines, on, values } from './each-engine.test.js';

const [B, T, D] = [3, 4, 6];
const drop = { rate: 0.3, key: 5 };
const mask = (): tf.Tensor => tf.mul(tf.cast(tf.less(values([B, 1, T, T], 7), -0.5), 'float32'), -1e9);
const attended = (x: tf.Tensor, heads: number): tf.Tensor =>
  joinedAttention(x as tf.Tensor2D, { batchSize: B, heads, mask: mask(), dropout: drop });

type Op = (...x: tf.Tensor[]) => tf.Tensor;

/** Ops of core that take other kernels on some engine, and their inputs' shapes. */
const cases: Record<string, [op: Op, ...shapes: number[][]]> = {
  'layer norm': [(x, gain, bias) => layerNorm(x, gain, bias), [B, T, D], [D], [D]],
  'layer norm of rows': [(x, gain, bias) => layerNorm(x, gain, bias), [B, D], [D], [D]],
  linear: [(x, weight, bias) => linear(x, weight, bias), [B, T, D], [D, 5], [5]],
  'linear without bias': [(x, weight) => linear(x, weight), [B, D], [D, 5]],
  relu: [(x) => relu(x), [B, T, D]],
  residual: [(x, branch) => residual(x, branch, { scale: 2, dropout: drop }), [B, T, D], [B, T, D]],
  'attention, one head': [(x) => attended(x, 1), [B * T, 3 * D]],
  'attention, two heads': [(x) => attended(x, 2), [B * T, 3 * D]],
  'sampled softmax': [
    (h, positive, negative) =>
      sampledSoftmax(h as tf.Tensor2D, positive as tf.Tensor2D, negative as tf.Tensor2D, {
        positiveCorrection: values([B], 8) as tf.Tensor1D,
        negativeCorrection: values([T], 9) as tf.Tensor1D,
        excluded: Int32Array.of(0, T + 1, B * T - 1),
      }),
    [B, D],
    [B, D],
    [T, D],
  ],
};

function computed(op: Op, shapes: readonly number[][]): number[][] {
  const before = tf.memory().numTensors;
  const found = tf.tidy(() => {
    const inputs = shapes.map((shape, i) => values(shape, i + 1));
    const y = op(...inputs);
    const gradients = tf.grads(op)(inputs, values(y.shape, 11));
    return [y, ...gradients].map((tensor) => [...tensor.dataSync()]);
  });
  assert.equal(tf.memory().numTensors, before, 'tensors left behind');
  return found;
}

describe('the norm of all gradients', () => {
  it('is the same on every engine', async () => {
    const norm = (): number => {
      const adam = new Adam();
      const gradients = new Map([
        ['a', values([40, 7], 1)],
        ['b', values([], 2)],
      ]);
      const config = { learningRate: 0.1, weightDecay: 0, gradientNorm: 0 };
      const found = adam.apply([], gradients, config, 1);
      tf.dispose([...gradients.values()]);
      return found;
    };
    const expected = await on('cpu', norm);
    for (const engine of await comparedEngines())
      assertClose([await on(engine, norm)], [expected], 1e-5, `norm on ${engine}`);
  });
});

describe("core's ops, forward and backward", () => {
  it('agree with the reference engine on every other engine', async () => {
    for (const [name, [op, ...shapes]] of Object.entries(cases)) {
      const expected = await on('cpu', () => computed(op, shapes));
      for (const engine of await comparedEngines()) {
        const actual = await on(engine, () => computed(op, shapes));
        expected.forEach((numbers, i) => assertClose(actual[i], numbers, 1e-5, `${name} on ${engine}, ${i}`));
      }
    }
  }).timeout(30_000);
});
