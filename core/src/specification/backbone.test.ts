import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { UsageError } from '../errors.js';
import { Random } from '../random.js';
import { testDataset } from '../testing/test-dataset.js';
import { Backbone, defaultBackboneCapabilities } from './backbone.js';
import type { Dataset } from './dataset.js';
import { Parameters } from './parameters.js';

/** A backbone that needs all that data may lack. */
class NeedyBackbone extends Backbone {
  readonly id = 'needy';
  readonly dimension = 2;
  override readonly capabilities = { ...defaultBackboneCapabilities, attributes: true, timestamps: true };
  protected build(): void {}
  encode(): tf.Tensor3D {
    return tf.zeros([1, 1, 2]);
  }
}

function initialize(dataset: Dataset): void {
  const parameters = new Parameters(new Random(1));
  try {
    const loss = (): tf.Tensor1D => tf.zeros([1]);
    new NeedyBackbone().initialize({ itemCount: dataset.itemCount, parameters, loss, dataset });
  } finally {
    parameters.dispose();
  }
}

describe('A backbone', () => {
  before(() => tf.setBackend('cpu'));

  it('takes data that has what it needs', () => initialize(testDataset()));

  it('refuses other data, and says what it lacks', () => {
    const refused = (changes: Partial<Dataset>, words: RegExp): void =>
      assert.throws(
        () => initialize({ ...testDataset(), ...changes }),
        (error) => error instanceof UsageError && words.test(error.message),
      );
    refused({ attributes: undefined }, /"needy" needs item attributes; the data set has none/);
    refused({ realTimes: false }, /"needy" needs real timestamps; the data set has none/);
    refused({ attributes: undefined, realTimes: false }, /item attributes and real timestamps;/);
  });
});
