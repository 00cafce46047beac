import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { assertClose, comparedEngines, integers, on, values } from './each-engine.test.js';

const [B, T, D, H, V, rank] = [3, 5, 8, 2, 11, 2];
const learningRate = 0.1;

type Weights = Record<string, tf.Variable>;

function makeWeights(): Weights {
  const shapes: Record<string, number[]> = {
    items: [V, D],
    positions: [T, D],
    query: [D, D],
    key: [D, D],
    value: [D, D],
    loraA: [D, rank],
    loraB: [rank, D],
    gain: [D],
    bias: [D],
    inner: [D, 4 * D],
    outer: [4 * D, D],
  };
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape], i) => {
      return [name, tf.tidy(() => tf.variable(values(shape, i + 1, -0.4, 0.4)))];
    }),
  );
}

function linear(x: tf.Tensor, weight: tf.Tensor): tf.Tensor {
  return tf.reshape(tf.matMul(tf.reshape(x, [-1, weight.shape[0]]), weight as tf.Tensor2D), [
    ...x.shape.slice(0, -1),
    weight.shape[1] ?? 1,
  ]);
}

function layerNorm(x: tf.Tensor, gain: tf.Tensor, bias: tf.Tensor): tf.Tensor {
  const centred = tf.sub(x, tf.mean(x, -1, true)); // [B, T, D]
  const scale = tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), 1e-5)); // [B, T, 1]
  return tf.add(tf.mul(tf.mul(centred, scale), gain), bias);
}

function heads(x: tf.Tensor): tf.Tensor {
  return tf.transpose(tf.reshape(x, [B, T, H, D / H]), [0, 2, 1, 3]); // [B, H, T, D/H]
}

/** One causal transformer block with LoRA on the values, and a full softmax over the items. */
function loss(w: Weights): tf.Scalar {
  const ids = integers([B, T], V, 21); // [B, T]
  const targets = integers([B * T], V, 22) as tf.Tensor1D; // [B·T]
  const h = tf.add(tf.gather(w.items, ids), w.positions); // [B, T, D]
  const x = layerNorm(h, w.gain, w.bias); // [B, T, D]
  const lora = linear(linear(x, w.loraA), w.loraB); // [B, T, D]
  const [q, k] = [heads(linear(x, w.query)), heads(linear(x, w.key))]; // [B, H, T, D/H]
  const v = heads(tf.add(linear(x, w.value), lora)); // [B, H, T, D/H]
  const causal = tf.linalg.bandPart(tf.ones([T, T]), -1, 0); // [T, T]
  const scores = tf.div(tf.matMul(q, k, false, true), Math.sqrt(D / H)); // [B, H, T, T]
  const weights = tf.softmax(tf.where(tf.cast(causal, 'bool'), scores, tf.scalar(-1e9))); // [B, H, T, T]
  const mixed = tf.reshape(tf.transpose(tf.matMul(weights, v), [0, 2, 1, 3]), [B, T, D]);
  const inner = linear(tf.add(h, mixed), w.inner); // [B, T, 4D]
  const gelu = tf.mul(tf.mul(inner, 0.5), tf.add(1, tf.erf(tf.mul(inner, Math.SQRT1_2))));
  const out = tf.reshape(tf.add(h, linear(gelu, w.outer)), [B * T, D]);
  const logits = tf.logSoftmax(tf.matMul(out as tf.Tensor2D, w.items as unknown as tf.Tensor2D, false, true)); // [B·T, V]
  const chosen = tf.sum(tf.mul(logits, tf.oneHot(targets, V)), -1); // [B·T]
  return tf.neg(tf.mean(chosen));
}

/** @returns the loss of each of three steps of gradient descent, and the weights after them. */
function train(): { losses: number[]; weights: Record<string, number[]>; leaked: number } {
  const before = tf.memory().numTensors;
  const weights = makeWeights();
  const variables = tf.memory().numTensors;
  const losses = [0, 1, 2].map(() => step(weights));
  const leaked = tf.memory().numTensors - variables;
  const after = Object.fromEntries(
    Object.entries(weights).map(([name, each]) => [name, [...each.dataSync()]]),
  );
  Object.values(weights).forEach((each) => each.dispose());
  assert.equal(tf.memory().numTensors, before, 'tensors left behind');
  return { losses, weights: after, leaked };
}

function step(weights: Weights): number {
  return tf.tidy(() => {
    const { value, grads } = tf.variableGrads(() => loss(weights), Object.values(weights));
    for (const variable of Object.values(weights))
      variable.assign(tf.sub(variable, tf.mul(grads[variable.name], learningRate)));
    return value.dataSync()[0];
  });
}

describe('a training step', () => {
  it('gives equal losses and weights on every engine, and leaves no tensor behind', async () => {
    const expected = await on('cpu', train);
    assert.equal(expected.leaked, 0);
    assert.ok(expected.losses[2] < expected.losses[0] - 1e-3, `no progress: ${expected.losses.join()}`);
    for (const engine of await comparedEngines()) {
      const actual = await on(engine, train);
      assert.equal(actual.leaked, 0, engine);
      assertClose(actual.losses, expected.losses, 1e-4, `losses on ${engine}`);
      for (const [name, numbers] of Object.entries(expected.weights))
        assertClose(actual.weights[name], numbers, 1e-4, `${name} on ${engine}`);
    }
  }).timeout(30_000);
});
