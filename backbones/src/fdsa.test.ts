import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { type ItemTextVectors, UsageError } from '@coco-rec/core';
import { testDataset } from '@coco-rec/core/testing';
import { fdsa } from './fdsa.js';
import { type SmallWorld, assertClose, shake, smallWorld, statesOf, weightOf } from './small-world.test.js';

const small = { dimension: 4, maxLength: 8, numLayers: 1 };

/** Sets a weight to 0. */
function silence({ parameters }: SmallWorld, name: string): void {
  const { variable } = weightOf(parameters, name);
  tf.tidy(() => variable.assign(tf.zerosLike(variable) as typeof variable));
}

/** Vectors of 3 numbers, none like another. */
function textsOf(itemCount: number): ItemTextVectors {
  const values = Float32Array.from({ length: 3 * (itemCount + 1) }, (_, i) => (i < 3 ? 0 : Math.sin(5 * i)));
  const hasText = new Uint8Array(itemCount + 1).fill(1, 1);
  return { values, hiddenSize: 3, hasText };
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

  it('reads texts in place of attributes: items of one text are alike in the feature stream', async () => {
    const dataset = { ...testDataset(), attributes: undefined };
    const texts = textsOf(dataset.itemCount);
    texts.values.copyWithin(2 * 3, 1 * 3, 2 * 3); // item 2 has the text of item 1
    const world = smallWorld(fdsa, { ...small, features: 'text', output: 'none' }, { dataset, texts });
    const names = world.parameters.entries().map(({ name }) => name);
    assert.ok(!names.some((name) => name.includes('featureAttention')), names.join());
    silence(world, 'backbone/items');
    const [[one], [same], [other]] = await statesOf(world.backbone, [[1], [2], [3]]);
    assertClose(one, same);
    assert.ok(one.some((value, i) => Math.abs(value - other[i]) > 1e-4));
    world.parameters.dispose();
  });

  it('weighs a text among the attributes; an item without text reads its attributes only', async () => {
    const dataset = testDataset();
    const texts = textsOf(dataset.itemCount);
    texts.hasText[3] = 0;
    const change = new Float32Array(texts.values.length).fill(1);
    const keys = { ...small, output: 'none' };
    const statesWith = async (features: string, values: Float32Array): Promise<number[][]> => {
      const world = smallWorld(fdsa, { ...keys, features }, { dataset, texts: { ...texts, values } });
      const states = await statesOf(world.backbone, [[3], [4]]);
      world.parameters.dispose();
      return states.map(([first]) => first);
    };
    const [without, withText] = await statesWith('both', texts.values);
    const [withoutToo, withOther] = await statesWith('both', change);
    assertClose(without, withoutToo);
    assert.ok(withText.some((value, i) => Math.abs(value - withOther[i]) > 1e-4));
    const [attributesOnly] = await statesWith('attributes', texts.values);
    assertClose(without, attributesOnly);
  });

  it('refuses to be built for texts that nobody gave', () => {
    assert.throws(() => smallWorld(fdsa, { ...small, features: 'both' }), UsageError);
  });

  it('says what is missing where items have no attributes', () => {
    const dataset = { ...testDataset(), attributes: undefined };
    assert.throws(
      () => smallWorld(fdsa, small, { dataset }),
      (error) => error instanceof UsageError && /"fdsa" needs item attributes/.test(error.message),
    );
  });
});
