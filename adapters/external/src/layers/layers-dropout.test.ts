import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import * as layers from '@tensorflow/tfjs-layers';
import { Parameters, Pass, Random, disposeBatch, lastItemRows, makeBatch } from '@coco-rec/core';
import { testDataset } from '@coco-rec/core/testing';
import { LayersBackbone, LayersCodeConfig } from './layers.js';

const dataset = testDataset();

/** Its states are the vectors that it reads. */
const mirror = (): layers.LayersModel =>
  layers.sequential({
    layers: [
      layers.layers.dense({
        units: 8,
        useBias: false,
        kernelInitializer: layers.initializers.identity({}),
        inputShape: [null, 8],
      }),
    ],
  });

/** The states of one history in each pass, one after the other. */
async function statesOf(dropout: number, ...passes: Pass[]): Promise<number[][]> {
  const config = Object.assign(new LayersCodeConfig(), { dropout });
  const backbone = new LayersBackbone(config, { id: 'mirror', build: mirror, keepsWeights: true });
  await backbone.open();
  const parameters = new Parameters(new Random(1));
  const loss = (h: tf.Tensor2D): tf.Tensor1D => tf.sum(h, 1);
  backbone.initialize({ itemCount: dataset.itemCount, parameters, loss, dataset });
  const sequence = { user: 0, history: Int32Array.of(1, 2, 3, 4, 5, 6), next: 7 };
  const options = { maxLength: 50, rows: lastItemRows, phase: 'train', random: new Random(1) } as const;
  const batch = await backbone.prepare(makeBatch([sequence], options));
  const states = passes.map((pass) =>
    tf.tidy(() => [...backbone.encode(batch, backbone.itemVectors(), pass).dataSync<'float32'>()]),
  );
  disposeBatch(batch);
  backbone.dispose();
  parameters.dispose();
  return states;
}

describe('the dropout of a layers model', () => {
  before(() => tf.setBackend('cpu'));

  it('zeroes some of the vectors that the model reads in training, and scales the others', async () => {
    const [whole, dropped] = await statesOf(0.5, Pass.predict, Pass.train(7));
    assert.ok(dropped.every((value, i) => value === 0 || value === 2 * whole[i]));
    const zeros = dropped.filter((value) => value === 0).length;
    assert.ok(zeros > 8 && zeros < 40, `${zeros} of 48`);
    assert.ok(whole.every((value) => value !== 0));
  });

  it('takes one key of the pass, so that a step that is repeated drops the same', async () => {
    const [pass, fresh] = [Pass.train(7), Pass.train(7)];
    const [once, again, other] = await statesOf(0.5, pass, Pass.train(7), Pass.train(8));
    assert.deepEqual(again, once);
    assert.notDeepEqual(other, once);
    fresh.nextKey();
    assert.equal(pass.nextKey(), fresh.nextKey());
  });

  it('of 0 leaves the vectors as they are, and takes no key', async () => {
    const pass = Pass.train(7);
    const [whole, trained] = await statesOf(0, Pass.predict, pass);
    assert.deepEqual(trained, whole);
    assert.equal(pass.nextKey(), Pass.train(7).nextKey());
  });
});
