import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { UsageError } from '@coco-rec/core';
import { testDataset } from '@coco-rec/core/testing';
import { fdsa } from './fdsa.js';
import { type SmallWorld, assertClose, shake, smallWorld, statesOf, weightOf } from './small-world.test.js';

const small = { dimension: 4, maxLength: 8, numLayers: 1 };

/** Sets a weight to 0. */
function silence({ parameters }: SmallWorld, name: string): void {
  const { variable } = weightOf(parameters, name);
  tf.tidy(() => variable.assign(tf.zerosLike(variable) as typeof variable));
}

describe('FDSA', () => {
  before(() => tf.setBackend('cpu'));

  it('has two streams with positions, norms and blocks of their own', () => {
    const { parameters } = smallWorld(fdsa, small);
    const names = parameters.entries().map(({ name }) => name);
    const own = (stream: string): string[] =>
      names.flatMap((name) =>
        name.startsWith(`backbone/${stream}/`) ? [name.split('/').slice(2).join('/')] : [],
      );
    assert.deepEqual(own('items'), own('features'));
    for (const part of ['positions', 'norm/gain', 'block0/queryKeyValue'])
      assert.ok(own('items').includes(part), part);
    parameters.dispose();
  });

  it('tells items of the same attributes apart by the item stream alone', async () => {
    const dataset = testDataset();
    const { offsets, values } = dataset.attributes ?? assert.fail('the small shop has attributes');
    const key = (item: number): string => values.subarray(offsets[item], offsets[item + 1]).join();
    const byKey = new Map<string, number[]>();
    for (let item = 1; item <= dataset.itemCount; item++)
      byKey.set(key(item), [...(byKey.get(key(item)) ?? []), item]);
    const [a, b] =
      [...byKey.values()].find(({ length }) => length > 1) ?? assert.fail('no two items are alike');
    const other = [...byKey.values()].map(([first]) => first).find((item) => key(item) !== key(a)) as number;
    const world = smallWorld(fdsa, { ...small, output: 'none' }, { dataset });
    const [likeA, likeB] = await statesOf(world.backbone, [[a], [b]]);
    assert.ok(
      likeA[0].some((value, i) => Math.abs(value - likeB[0][i]) > 1e-4),
      'both streams',
    );
    silence(world, 'backbone/items');
    const [sameA, sameB, differs] = await statesOf(world.backbone, [[a], [b], [other]]);
    assertClose(sameA[0], sameB[0]);
    assert.ok(
      sameA[0].some((value, i) => Math.abs(value - differs[0][i]) > 1e-4),
      'feature stream',
    );
    world.parameters.dispose();
  });

  it('normalises the joined state, or leaves it as the paper does', async () => {
    const mean = async (output: string): Promise<number> => {
      const { backbone, parameters } = smallWorld(fdsa, { ...small, output });
      if (output === 'norm') {
        silence({ backbone, parameters } as SmallWorld, 'backbone/outputNorm/bias');
        const { variable } = weightOf(parameters, 'backbone/outputNorm/gain');
        tf.tidy(() => variable.assign(tf.onesLike(variable) as typeof variable));
      }
      shake(parameters, 'backbone/joinBias');
      const [[state]] = await statesOf(backbone, [[3]]);
      parameters.dispose();
      return Math.abs(state.reduce((sum, value) => sum + value, 0) / state.length);
    };
    assert.ok((await mean('norm')) < 1e-5);
    assert.ok((await mean('none')) > 1e-3);
  });

  it('says what is missing where items have no attributes', () => {
    const dataset = { ...testDataset(), attributes: undefined };
    assert.throws(
      () => smallWorld(fdsa, small, { dataset }),
      (error) => error instanceof UsageError && /"fdsa" needs item attributes/.test(error.message),
    );
  });
});
