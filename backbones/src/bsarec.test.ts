import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { trainingSequences } from '@coco-rec/core';
import { bsarec, filter } from './bsarec.js';
import { lowPassMatrices } from './layers/low-pass.js';
import { assertClose, historiesBatch, shake, smallWorld, statesOf, weightOf } from './small-world.test.js';

const small = { dimension: 4, maxLength: 8, numLayers: 2 };
const short = [[5], [1, 2, 3], [7, 8, 9, 10, 11]];
const full = [[1, 2, 3, 4, 5, 6, 7, 8]];

/** The last states of histories under two settings of the same weights. */
async function lastStates(keys: object, histories: readonly number[][]): Promise<number[]> {
  const { backbone, parameters } = smallWorld(bsarec, { ...small, ...keys });
  const states = await statesOf(backbone, histories);
  parameters.dispose();
  return histories.flatMap(({ length }, b) => states[b][length - 1]);
}

/** How much the last states change when weights of a name do. */
async function effectOf(word: string, keys: object, histories: readonly number[][]): Promise<number> {
  const { backbone, parameters } = smallWorld(bsarec, { ...small, ...keys });
  const last = async (): Promise<number[]> =>
    (await statesOf(backbone, histories)).flatMap((row, b) => row[histories[b].length - 1]);
  const before = await last();
  const names = parameters.entries().flatMap(({ name }) => (name.endsWith(word) ? [name] : []));
  assert.equal(names.length, small.numLayers);
  for (const name of names) shake(parameters, name);
  const after = await last();
  parameters.dispose();
  return Math.max(...after.map((value, i) => Math.abs(value - before[i])));
}

describe('BSARec', () => {
  before(() => tf.setBackend('cpu'));

  it('lets low frequencies pass and weighs the others by β², channel by channel', () => {
    const x = [[[1, 10], [3, -10], [2, 10], [6, -10]]]; // prettier-ignore
    const filtered = tf.tidy(() => {
      const low = tf.matMul(lowPassMatrices(Int32Array.of(4), 4, 0), tf.tensor3d(x)) as tf.Tensor3D;
      return filter(tf.tensor3d(x), low, tf.tensor1d([2, 0.5])).arraySync();
    });
    // Only the mean is low: 3 and 0. β² is 4 and .25.
    assertClose(filtered[0].map(([first]) => first), [-5, 3, -1, 15]); // prettier-ignore
    assertClose(filtered[0].map(([, second]) => second), [2.5, -2.5, 2.5, -2.5]); // prettier-ignore
  });

  it('gives the filter its share: all of it or nothing', async () => {
    for (const transform of ['padded', 'history']) {
      assert.equal(await effectOf('/high', { transform, filterShare: 0 }, short), 0);
      assert.equal(await effectOf('/queryKeyValue', { transform, filterShare: 1 }, short), 0);
      assert.ok((await effectOf('/high', { transform, filterShare: 0.5, cutoff: 1 }, short)) > 1e-3);
      assert.ok((await effectOf('/queryKeyValue', { transform, filterShare: 0.5 }, short)) > 1e-3);
    }
  });

  it('pads on the left to no effect but that of the filter', async () => {
    const both = async (keys: object, histories: number[][]): Promise<[number[], number[]]> => [
      await lastStates({ ...keys, transform: 'padded' }, histories),
      await lastStates({ ...keys, transform: 'history' }, histories),
    ];
    assertClose(...(await both({ filterShare: 0 }, short)));
    assertClose(...(await both({ filterShare: 0.7 }, full)));
    const [padded, alone] = await both({ filterShare: 0.7 }, short);
    assert.ok(padded.some((value, i) => Math.abs(value - alone[i]) > 1e-3));
  });

  it('has no high frequencies in a history of 3 items when c is 3, unless it is padded', async () => {
    const histories = [[1, 2, 3]];
    assert.ok((await effectOf('/high', { transform: 'history', cutoff: 3 }, histories)) < 1e-5);
    assert.ok((await effectOf('/high', { transform: 'history', cutoff: 1 }, histories)) > 1e-3);
    assert.ok((await effectOf('/high', { transform: 'padded', cutoff: 3 }, histories)) > 1e-3);
  });

  it('starts β at N(0, 1), which it squares', () => {
    const { parameters } = smallWorld(bsarec, { ...small, dimension: 64, numLayers: 1 });
    const values = [...weightOf(parameters, 'backbone/block0/high').variable.dataSync()] as number[];
    const variance = values.reduce((sum, value) => sum + value * value, 0) / values.length;
    assert.ok(variance > 0.5 && variance < 2, `${variance}`);
    parameters.dispose();
  });

  it('is trained on every prefix of a training history, at its last position', () => {
    const { backbone, split, parameters } = smallWorld(bsarec, small);
    const sequences = trainingSequences(split, backbone.sequences());
    const own = sequences.filter(({ user }) => user === 0);
    assert.deepEqual(
      own.map(({ history }) => history.length),
      Array.from({ length: split.trainLengths[0] - 1 }, (_, i) => i + 1),
    );
    const { rows } = historiesBatch(short, 8, backbone.rowSampler());
    assert.deepEqual([...rows.position], [0, 2, 4]);
    parameters.dispose();
  });

  it('refuses heads that do not divide the width', () => {
    assert.throws(() => bsarec.create({ ...new bsarec.config(), numHeads: 3 }), /"backbone.numHeads" \(3\)/);
  });
});
