import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import * as layers from '@tensorflow/tfjs-layers';
import { CocoError, leaveOneOut } from '@coco-rec/core';
import { testDataset } from '@coco-rec/core/testing';
import { layersUnit } from './descriptor.js';
import { LayersCodeConfig } from './layers.js';
import type { BuildLayers, LayersModel } from './layers-model.js';

const split = leaveOneOut(testDataset());
const progress = { report: () => undefined, log: () => undefined };

const gru = (): layers.layers.Layer =>
  layers.layers.gru({ units: 8, returnSequences: true, inputShape: [null, 8] });

const open = (build: BuildLayers): Promise<void> =>
  layersUnit({ id: 'own', build })
    .create(new LayersCodeConfig())
    .open({ ...split, progress });

async function refuses(build: BuildLayers, words: RegExp): Promise<void> {
  await assert.rejects(open(build), (error: unknown) => {
    assert.ok(error instanceof CocoError, String(error));
    assert.match(error.message, words);
    return true;
  });
}

/** A model whose weight number `n` begins with a value. */
const withWeight =
  (n: number, value: number): (() => LayersModel) =>
  () => {
    const model = layers.sequential({ layers: [gru()] });
    const weights = model.getWeights().map((weight) => weight.clone());
    const values = Float32Array.from(weights[n].dataSync()).fill(value, 2, 3);
    weights[n] = tf.tensor(values, weights[n].shape);
    model.setWeights(weights);
    return model;
  };

describe('a layers model that is opened', () => {
  before(() => tf.setBackend('cpu'));

  it('is refused if it has no gradient, and nothing of it is left', async () => {
    await open(() => layers.sequential({ layers: [gru()] }));
    const build = (): LayersModel =>
      layers.sequential({ layers: [layers.layers.masking({ maskValue: 0, inputShape: [null, 8] }), gru()] });
    const count = tf.memory().numTensors;
    await refuses(
      build,
      /^The layers model of "own" cannot be trained here: .* 4 items \(.*not found for Any\)\. .*masking layer is not/,
    );
    assert.equal(tf.memory().numTensors, count);
  });

  it('is refused if a weight is not finite, which is named', async () => {
    await refuses(
      withWeight(1, NaN),
      /a weight that is not finite: number 3 of ".*recurrent_kernel" is NaN; use a model/,
    );
    await refuses(withWeight(0, Infinity), /number 3 of ".*\/kernel" is Infinity;/);
  });

  it('is refused if its states are not finite, though its weights are', async () => {
    const build = (): LayersModel => {
      const kernelInitializer = layers.initializers.constant({ value: 3e38 });
      return layers.sequential({
        layers: [layers.layers.dense({ units: 8, kernelInitializer, inputShape: [null, 8] })],
      });
    };
    await refuses(build, /gives states that are not finite on a history of 4 items; use one/);
  });
});
