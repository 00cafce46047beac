import * as tf from '@tensorflow/tfjs-core';
import { assertClose, comparedEngines, integers, on, values } from './each-engine.test.js';

const tolerance = 1e-5;

interface Case {
  readonly op: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor;
  readonly inputs: () => tf.Tensor[];
  /** False where tfjs has no gradient, or none that is defined. */
  readonly gradient?: boolean;
}

const row = (): tf.Tensor[] => [values([9])];
const positiveRow = (): tf.Tensor[] => [values([9], 1, 0.5, 2)];
const matrix = (): tf.Tensor[] => [values([3, 4])];
const cube = (): tf.Tensor[] => [values([2, 3, 4])];
const pair = (): tf.Tensor[] => [values([3, 4]), values([3, 4], 2)];
const broadcast = (): tf.Tensor[] => [values([2, 3, 4]), values([3, 1], 2, 0.5, 2)];
const whole = (x: tf.Tensor): tf.Tensor => tf.cast(tf.mul(x, 9), 'int32');

function unary(op: (x: tf.Tensor) => tf.Tensor, inputs: () => tf.Tensor[] = row, gradient = true): Case {
  return { op, inputs, gradient };
}

function binary(op: Case['op'], inputs: () => tf.Tensor[] = broadcast, gradient = true): Case {
  return { op, inputs, gradient };
}

/** What a training step of a transformer with LoRA runs, forward and backward. */
const cases: Record<string, Case> = {
  matMul: binary(
    (a, b) => tf.matMul(a, b),
    () => [values([3, 4]), values([4, 5], 2)],
  ),
  'matMul transposed': binary(
    (a, b) => tf.matMul(a, b, true, true),
    () => [values([4, 3]), values([5, 4], 2)],
  ),
  batchMatMul: binary(
    (a, b) => tf.matMul(a, b),
    () => [values([2, 2, 3, 4]), values([2, 2, 4, 5], 2)],
  ),
  'batchMatMul transposed': binary(
    (a, b) => tf.matMul(a, b, false, true),
    () => [values([2, 3, 4]), values([2, 5, 4], 2)],
  ),
  'gather rows': unary((x) => tf.gather(x, integers([2, 4], 3)), matrix),
  'gather columns': unary((x) => tf.gather(x, integers([5], 4), 1), matrix),
  unsortedSegmentSum: unary((x) => tf.unsortedSegmentSum(x, integers([3], 2) as tf.Tensor1D, 2), matrix),
  softmax: unary((x) => tf.softmax(x), matrix),
  logSoftmax: unary((x) => tf.logSoftmax(x), matrix),
  logSumExp: unary((x) => tf.logSumExp(x, -1), matrix),
  'layer norm': unary((x) => {
    const centred = tf.sub(x, tf.mean(x, -1, true));
    return tf.mul(centred, tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), 1e-5)));
  }, cube),
  erf: unary((x) => tf.erf(x)),
  gelu: unary((x) => tf.mul(x, tf.add(1, tf.erf(tf.mul(x, Math.SQRT1_2))))),
  silu: unary((x) => tf.mul(x, tf.sigmoid(x))),
  relu: unary((x) => tf.relu(x)),
  softplus: unary((x) => tf.softplus(x)),
  tanh: unary((x) => tf.tanh(x)),
  concat: binary((a, b) => tf.concat([a, b], 1), pair),
  slice: unary((x) => tf.slice(x, [0, 1, 0], [2, 1, -1]), cube),
  pad: unary((x) => tf.pad(x, [[0, 1], [2, 0]]), matrix), // prettier-ignore
  transpose: unary((x) => tf.transpose(x, [1, 0, 2]), cube),
  'where, broadcast': unary(
    (x) => tf.where(tf.tensor2d([[true], [false], [true]]), x, tf.scalar(-1e9)),
    matrix,
  ),
  'where, equal shapes': binary((a, b) => tf.where(tf.greater(tf.tensor([1, 0, 1, 0]), 0.5), a, b), pair),
  sum: unary((x) => tf.sum(x, [0, 2]), cube),
  mean: unary((x) => tf.mean(x, 1, true), cube),
  max: unary((x) => tf.max(x, -1), matrix),
  min: unary((x) => tf.min(x, 0), matrix),
  square: unary((x) => tf.square(x)),
  sqrt: unary((x) => tf.sqrt(x), positiveRow),
  rsqrt: unary((x) => tf.rsqrt(x), positiveRow),
  exp: unary((x) => tf.exp(x)),
  log: unary((x) => tf.log(x), positiveRow),
  reciprocal: unary((x) => tf.reciprocal(x), positiveRow),
  neg: unary((x) => tf.neg(x)),
  abs: unary((x) => tf.abs(x)),
  sign: unary((x) => tf.sign(x)),
  step: unary((x) => tf.step(x, 0.1)),
  sin: unary((x) => tf.sin(x)),
  cos: unary((x) => tf.cos(x)),
  clip: unary((x) => tf.clipByValue(x, -0.5, 0.5)),
  'cast to whole numbers': unary((x) => tf.cast(whole(x), 'float32'), row, false),
  tile: unary((x) => tf.tile(x, [2, 3]), matrix),
  broadcastTo: unary(
    (x) => tf.broadcastTo(x, [2, 3, 4]),
    () => [values([3, 1])],
  ),
  stack: binary((a, b) => tf.stack([a, b], 1), pair),
  unstack: unary((x) => tf.addN(tf.unstack(x, 1)), cube),
  split: unary((x) => tf.mul(...(tf.split(x, 2, 1) as [tf.Tensor, tf.Tensor])), matrix),
  reshape: unary((x) => tf.reshape(x, [6, 2]), matrix),
  oneHot: unary((x) => tf.mul(x, tf.oneHot(integers([3], 4) as tf.Tensor1D, 4)), matrix),
  'topk values': unary((x) => tf.topk(x, 3).values, matrix, false),
  'topk indices': unary((x) => tf.topk(x, 3).indices, matrix, false),
  argMax: unary((x) => tf.argMax(x, -1), matrix, false),
  cumsum: unary((x) => tf.cumsum(x, 1), matrix),
  einsum: binary((a, b) => tf.einsum('ij,kj->ik', a, b), pair, false),
  scatterND: unary(
    (x) => tf.scatterND(tf.tensor2d([[4], [1], [0]], [3, 1], 'int32'), x, [5, 4]),
    matrix,
    false,
  ),
  add: binary((a, b) => tf.add(a, b)),
  sub: binary((a, b) => tf.sub(a, b)),
  mul: binary((a, b) => tf.mul(a, b)),
  div: binary((a, b) => tf.div(a, b)),
  minimum: binary((a, b) => tf.minimum(a, b), pair),
  maximum: binary((a, b) => tf.maximum(a, b), pair),
  pow: binary(
    (a, b) => tf.pow(tf.abs(a), b),
    () => [values([3, 4], 1, 0.5, 2), values([4], 2)],
  ),
  'squared difference': binary((a, b) => tf.squaredDifference(a, b), pair),
  equal: binary((a, b) => tf.equal(whole(a), whole(b)), pair, false),
  greater: binary((a, b) => tf.greater(a, b), broadcast, false),
  less: binary((a, b) => tf.lessEqual(whole(a), whole(b)), broadcast, false),
  logical: binary(
    (a, b) => tf.logicalOr(tf.logicalAnd(tf.greater(a, 0), tf.greater(b, 1)), tf.logicalNot(tf.less(a, 0.5))),
    broadcast,
    false,
  ),
  'sum of truths': unary((x) => tf.sum(tf.cast(tf.greater(x, 0), 'int32'), 1), matrix, false),
  'cumsum of whole numbers': unary((x) => tf.cumsum(whole(x), 1), matrix, false),
  'gather of whole numbers': unary((x) => tf.gather(whole(x), integers([7], 3)), matrix, false),
  linspace: unary(() => tf.linspace(0, 1, 7), row, false),
  range: unary(() => tf.range(0, 9, 2, 'int32'), row, false),
};

/** Values and gradients of a case, as numbers. */
function computed({ op, inputs, gradient }: Case): Record<string, number[]> {
  const found: Record<string, number[]> = {};
  tf.tidy(() => {
    const given = inputs();
    const result = op(given[0], given[1]);
    found[`value ${result.dtype} [${result.shape.join()}]`] = [...result.dataSync()];
    if (!gradient) return;
    const weighted = (...x: tf.Tensor[]): tf.Tensor =>
      tf.sum(tf.mul(op(x[0], x[1]), values(result.shape, 11)));
    tf.grads(weighted)(given).forEach((each, i) => {
      found[`gradient ${i} [${each.shape.join()}]`] = [...each.dataSync()];
    });
  });
  return found;
}

describe('the ops of a training step, forward and backward', () => {
  it('agree with the reference engine on every other engine', async () => {
    const expected = await on('cpu', () =>
      Object.entries(cases).map(([name, each]) => [name, computed(each)] as const),
    );
    for (const engine of await comparedEngines()) {
      await on(engine, () => {
        const before = tf.memory().numTensors;
        for (const [name, reference] of expected) {
          const actual = computed(cases[name]);
          for (const [what, numbers] of Object.entries(reference))
            assertClose(actual[what] ?? [], numbers, tolerance, `${name} on ${engine}, ${what}`);
        }
        if (tf.memory().numTensors !== before) throw new Error(`${engine} leaks tensors`);
      });
    }
  }).timeout(30_000);
});
