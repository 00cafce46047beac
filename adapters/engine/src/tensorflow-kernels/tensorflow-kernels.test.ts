import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import {
  type AdamNumbers,
  type AdamTensors,
  adamKernel,
  adamUpdate,
  rowUpdateKernel,
  updateRows,
} from '@coco-rec/core';
import { assertClose, comparedEngines, integers, on, values } from '../each-engine.test.js';
import { leanKernels } from './lean-kernels.js';

const numbers: AdamNumbers = {
  beta1: 0.9,
  beta2: 0.999,
  stepSize: 0.01,
  epsilon: 1e-5,
  decay: 0.98,
  shrink: 0.4,
};

/** Values after three steps of Adam, with and without decay and clipping. */
function trained(shape: readonly number[]): Record<string, number[]> {
  const variable = (seed: number, low: number): tf.Variable =>
    tf.tidy(() => tf.variable(values(shape, seed, low, 1)));
  const tensors: AdamTensors = { variable: variable(1, -1), first: variable(2, -1), second: variable(3, 0) };
  const gradient = values(shape, 4);
  const before = tf.memory().numTensors;
  for (const changes of [{}, { decay: 1 }, { decay: 1, shrink: 1 }])
    adamUpdate(tensors, gradient, { ...numbers, ...changes });
  assert.equal(tf.memory().numTensors, before, 'tensors left behind');
  const found = Object.entries(tensors).map(([name, tensor]) => [
    name,
    [...(tensor as tf.Tensor).dataSync()],
  ]) as [string, number[]][];
  tf.dispose([gradient, ...Object.values<tf.Tensor>({ ...tensors })]);
  return Object.fromEntries(found);
}

describe('TensorFlow kernels', function () {
  this.timeout(30_000);
  before(async function () {
    if (!(await comparedEngines()).includes('tensorflow')) this.skip();
  });

  it("take Adam's steps as the plain ops do", async () => {
    for (const shape of [[5], [300, 70]]) {
      const expected = await on('cpu', () => trained(shape));
      const actual = await on('tensorflow', () => {
        assert.ok(tf.getKernel(adamKernel, 'tensorflow'));
        return trained(shape);
      });
      for (const [name, wanted] of Object.entries(expected))
        assertClose(actual[name], wanted, 1e-5, `${name} [${shape.join()}]`);
    }
  });

  it('leave alone what shares the memory of a trained variable', async () => {
    await on('tensorflow', () => {
      const [variable, first, second] = [1, 2, 3].map((seed) =>
        tf.tidy(() => tf.variable(values([4], seed, 0, 1))),
      );
      const kept = tf.clone(variable);
      const before = [...kept.dataSync()];
      const gradient = values([4], 4);
      const known = tf.memory().numTensors;
      for (let step = 0; step < 2; step++) adamUpdate({ variable, first, second }, gradient, numbers);
      assert.equal(tf.memory().numTensors, known);
      assert.deepEqual([...kept.dataSync()], before);
      assert.notDeepEqual([...variable.dataSync()], before);
      tf.dispose([variable, first, second, kept, gradient]);
    });
  });

  it('leave alone the arrays that variables were made from', async () => {
    await on('tensorflow', () => {
      for (let size = 1; size < 20_000; size = size * 3 + 1) {
        const arrays = [1, 2, 3].map(() => new Float32Array(size).fill(0.5));
        const [variable, first, second] = arrays.map((array) =>
          tf.tidy(() => tf.variable(tf.tensor1d(array))),
        );
        const gradient = tf.ones([size]);
        for (let step = 0; step < 2; step++)
          adamUpdate({ variable, first, second }, gradient, { ...numbers, decay: 1 });
        assert.ok(arrays.every((array) => array.every((value) => value === 0.5)));
        assert.ok(variable.dataSync().every((value) => value < 0.5));
        tf.dispose([variable, first, second, gradient]);
      }
    });
  });

  it('change rows of a table, and nothing else that had its memory', async () => {
    await on('tensorflow', () => {
      assert.ok(tf.getKernel(rowUpdateKernel, 'tensorflow'));
      for (let count = 2; count < 20_000; count = count * 3 + 1) {
        const array = new Float32Array(count * 2).fill(0.5);
        const table = tf.tidy(() => tf.variable(tf.tensor2d(array, [count, 2])));
        const change = (row: number, value: number): void =>
          tf.tidy(() => updateRows(table, tf.tensor1d([row], 'int32'), tf.fill([1, 2], value)));
        const known = tf.memory().numTensors;
        change(0, 1);
        change(1, 2);
        assert.equal(tf.memory().numTensors, known);
        const read = table.dataSync();
        assert.deepEqual([...read.subarray(0, 4)], [1, 1, 2, 2]);
        const kept = tf.clone(table);
        change(1, 3);
        assert.deepEqual([...kept.dataSync().subarray(0, 4)], [1, 1, 2, 2]);
        change(0, 4);
        assert.deepEqual([...table.dataSync().subarray(0, 4)], [4, 4, 3, 3]);
        assert.deepEqual([...read.subarray(0, 4)], [1, 1, 2, 2]);
        assert.ok(array.every((value) => value === 0.5));
        assert.ok(
          table
            .dataSync()
            .subarray(4)
            .every((value) => value === 0.5),
        );
        tf.dispose([table, kept]);
      }
    });
  });

  it('keep the numbers of an op while many others come and go', async () => {
    await on('tensorflow', () => {
      const [variable, first, second] = [1, 2, 3].map((seed) =>
        tf.tidy(() => tf.variable(values([2], seed, 0, 1))),
      );
      const gradient = values([2], 4);
      for (let step = 1; step <= 1200; step++)
        adamUpdate({ variable, first, second }, gradient, { ...numbers, stepSize: 1e-3 / step });
      assert.ok(variable.dataSync().every(Number.isFinite));
      tf.dispose([variable, first, second, gradient]);
    });
  });

  it('refuse ids outside a table', async () => {
    await on('tensorflow', () => {
      const table = values([3, 2]);
      for (const id of [-1, 3])
        assert.throws(() => tf.gather(table, tf.tensor1d([0, id], 'int32')), /not in/);
      table.dispose();
    });
  });

  it('stand in the place of published ones, whole numbers included', async () => {
    const whole = (): number[][] =>
      tf.tidy(() => {
        const [a, b] = [integers([3, 4], 9, 1), integers([3, 4], 9, 2)];
        const results = [
          tf.add(a, b),
          tf.mul(a, b),
          tf.sum(a, 0),
          tf.mean(a, -1),
          tf.max(a),
          tf.reshape(a, [2, 6]),
        ];
        return results.map((result) => [...result.dataSync()]);
      });
    const expected = await on('cpu', whole);
    assert.deepEqual(await on('tensorflow', whole), expected);
    const known = tf.getKernelsForBackend('tensorflow').map(({ kernelName }) => kernelName);
    for (const name of Object.keys(leanKernels))
      assert.equal(known.filter((each) => each === name).length, 1);
  });
});
