/** What the tests of this package share: the small shop of the conformance kit on the plain JavaScript engine. */
import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-layers'; // registers the gradients of the engine's kernels
import {
  type Backbone,
  type BackboneDescriptor,
  type Batch,
  type Dataset,
  type ItemTextVectors,
  Parameters,
  Pass,
  Random,
  type RowSampler,
  type Split,
  createLoss,
  disposeBatch,
  lastItemRows,
  leaveOneOut,
  makeBatch,
  readConfig,
} from '@coco-rec/core';
import { testDataset } from '@coco-rec/core/testing';

type LossSetting = string | ({ readonly id: string } & Readonly<Record<string, unknown>>);

export interface SmallWorld {
  readonly backbone: Backbone;
  readonly parameters: Parameters;
  readonly split: Split;
}

/** A backbone with noise on its weights, so that none is at a special value. */
export function smallWorld(
  descriptor: BackboneDescriptor,
  keys: object,
  options: { dataset?: Dataset; loss?: LossSetting; texts?: ItemTextVectors } = {},
): SmallWorld {
  const { dataset = testDataset(), loss = 'softmax', texts } = options;
  const split = leaveOneOut(dataset);
  const parameters = new Parameters(new Random(1).derive('parameters'));
  const backbone = descriptor.create(readConfig(descriptor.config, keys, 'backbone'));
  const { trainLengths } = split;
  backbone.initialize({
    itemCount: dataset.itemCount,
    parameters: parameters.scope('backbone'),
    loss: createLoss(loss, { dataset, trainLengths, random: new Random(2) }),
    dataset,
    texts,
  });
  for (const { name } of parameters.entries()) shake(parameters, name, 0.2);
  return { backbone, parameters, split };
}

/** Adds noise to one weight. */
export function shake(parameters: Parameters, name: string, deviation = 1): void {
  const random = new Random(7).derive(name);
  const { variable } = weightOf(parameters, name);
  const noise = Float32Array.from({ length: variable.size }, () => deviation * random.normal());
  tf.tidy(() => variable.assign(tf.add(variable, tf.tensor(noise, variable.shape)) as typeof variable));
}

export function weightOf(parameters: Parameters, name: string): ReturnType<Parameters['entries']>[number] {
  const found = parameters.entries().find((one) => one.name === name);
  assert.ok(found, `there is no weight ${name}: ${parameters.entries().map((one) => one.name)}`);
  return found;
}

/** Histories of item ids as a batch; users and targets unknown. */
export function historiesBatch(
  histories: readonly (readonly number[])[],
  maxLength: number,
  rows: RowSampler = lastItemRows,
): Batch {
  const sequences = histories.map((history) => ({ user: -1, history: Int32Array.from(history), next: 0 }));
  return makeBatch(sequences, { maxLength, phase: 'predict', rows, random: new Random(3) });
}

/** The states of all positions in prediction. @returns [B][T][D] */
export async function statesOf(
  backbone: Backbone,
  histories: readonly (readonly number[])[],
): Promise<number[][][]> {
  const batch = await backbone.prepare(historiesBatch(histories, backbone.maxLength));
  const states = tf.tidy(() => backbone.encode(batch, backbone.itemVectors(), Pass.predict).arraySync());
  disposeBatch(batch);
  return states;
}

/** @throws AssertionError unless all numbers are within `tolerance` */
export function assertClose(actual: readonly number[], expected: readonly number[], tolerance = 1e-5): void {
  assert.equal(actual.length, expected.length);
  actual.forEach((value, i) =>
    assert.ok(Math.abs(value - expected[i]) <= tolerance, `number ${i}: ${value}, not ${expected[i]}`),
  );
}
