/** FDSA's states against its formulas in plain float64 loops: two streams, what they read, and what joins them. */
import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import {
  type Dataset,
  type ItemAttributes,
  type ItemTextVectors,
  Parameters,
  Pass,
  Random,
  disposeBatch,
} from '@coco-rec/core';
import { testDataset } from '@coco-rec/core/testing';
import { FDSAConfig, fdsa } from './fdsa.js';
import { buildFeatureAttention, featureVectors } from './layers/feature-attention.js';
import { buildTextFeatures, textFeatures } from './layers/text-features.js';
import { PlainModel, type Rows, gelu, plus, relu } from './plain-model.test.js';
import {
  type SmallWorld,
  assertClose,
  historiesBatch,
  shake,
  smallWorld,
  statesOf,
} from './small-world.test.js';

const shape = { dimension: 8, maxLength: 6, numLayers: 2, numHeads: 2, feedForwardFactor: 2 };
const histories = [[5], [6, 6], [1, 7, 5, 6], [9, 8, 7, 6, 5, 4]];
const H = 5;

/** The small shop; items 5 and 6 have no attributes. */
function shop(): Dataset & { readonly attributes: ItemAttributes } {
  const dataset = testDataset();
  const { offsets, values, count } = dataset.attributes ?? assert.fail('the small shop has attributes');
  const kept = Array.from({ length: dataset.itemCount + 1 }, (_, item) =>
    item === 5 || item === 6 ? [] : [...values.subarray(offsets[item], offsets[item + 1])],
  );
  const ends = kept.map((_, item) => kept.slice(0, item + 1).flat().length);
  const attributes = { offsets: Int32Array.of(0, ...ends), values: Int32Array.from(kept.flat()), count };
  return { ...dataset, attributes };
}

/** Items 6 and 7 have no text. */
function textsOf(itemCount: number): ItemTextVectors {
  const hasText = Uint8Array.from({ length: itemCount + 1 }, (_, item) => (item % 7 && item !== 6 ? 1 : 0));
  const values = Float32Array.from({ length: H * (itemCount + 1) }, (_, i) =>
    hasText[Math.floor(i / H)] ? 2 * Math.sin(5 * i) : 0,
  );
  return { values, hiddenSize: H, hasText };
}

class Reference extends PlainModel {
  constructor(
    world: SmallWorld,
    private readonly config: FDSAConfig,
    private readonly attributes: ItemAttributes,
    private readonly texts: ItemTextVectors,
  ) {
    super(world);
  }

  /** The state of each position. */
  states(history: readonly number[]): Rows {
    const items = this.world.backbone.itemVectors().block(0, 31).arraySync();
    const ofItems = this.stream(history.map((item) => items[item]), 'items'); // prettier-ignore
    const ofFeatures = this.stream(history.map((item) => this.features(item)), 'features'); // prettier-ignore
    const joined = this.linear(ofItems.map((row, t) => [...row, ...ofFeatures[t]]), 'join'); // prettier-ignore
    return this.config.output === 'norm' ? this.norm(joined, 'outputNorm') : joined;
  }

  private stream(vectors: Rows, name: string): Rows {
    let x = this.norm(plus(vectors, this.matrix(`${name}/positions`)), `${name}/norm`);
    for (let block = 0; block < shape.numLayers; block++) x = this.block(x, `${name}/block${block}`);
    return x;
  }

  private block(x: Rows, name: string): Rows {
    return this.postNormBlock(x, name, shape.numHeads, {
      hides: (t, s) => s > t,
      activate: this.config.activation === 'relu' ? relu : gelu,
    });
  }

  private features(item: number): number[] {
    const { features } = this.config;
    if (features === 'text') return this.text(item);
    const { offsets, values } = this.attributes;
    const table = this.matrix('featureAttention/attributes');
    const own = [...values.subarray(offsets[item], offsets[item + 1])].map((attribute) => table[attribute]);
    if (features === 'both' && this.texts.hasText[item]) own.push(this.text(item));
    const vectors = own.length > 0 ? own : [table[0]];
    const energy = this.matrix('featureAttention/energy');
    const hidden = this.linear(vectors, 'featureAttention/hidden').map((row) => row.map(relu));
    const parts = hidden.map((row) => Math.exp(row.reduce((sum, x, i) => sum + x * energy[i][0], 0)));
    const total = parts.reduce((sum, part) => sum + part, 0);
    return vectors[0].map((_, i) =>
      vectors.reduce((sum, vector, n) => sum + (parts[n] / total) * vector[i], 0),
    );
  }

  private text(item: number): number[] {
    const weight = this.matrix('textFeatures/weight');
    return this.vector('textFeatures/bias').map((start, j) =>
      weight.reduce((sum, row, i) => sum + (this.texts.values[item * H + i] / Math.sqrt(H)) * row[j], start),
    );
  }
}

const variants = [
  { features: 'attributes', activation: 'gelu', output: 'norm' },
  { features: 'attributes', activation: 'relu', output: 'none' },
  { features: 'text', activation: 'gelu', output: 'none' },
  { features: 'both', activation: 'relu', output: 'norm' },
] as const;

describe('FDSA against its formulas', () => {
  before(() => tf.setBackend('cpu'));

  for (const keys of variants) {
    it(`gives the states of histories of any length: ${Object.values(keys).join(', ')}`, async () => {
      const dataset = shop();
      const texts = textsOf(dataset.itemCount);
      const config = { ...shape, ...keys };
      const world = smallWorld(fdsa, config, { dataset, texts });
      for (const { name } of world.parameters.entries()) shake(world.parameters, name, 0.2);
      const full = Object.assign(new FDSAConfig(), config);
      const reference = new Reference(world, full, dataset.attributes, texts);
      const states = await statesOf(world.backbone, histories);
      histories.forEach((history, b) =>
        reference.states(history).forEach((state, t) => assertClose(states[b][t], state, 1e-4)),
      );
      world.parameters.dispose();
    });
  }

  it('drops out last of all, after the norm of the joined state', async () => {
    const zerosOf = async (output: string): Promise<number> => {
      const { backbone, parameters } = smallWorld(fdsa, { ...shape, output, dropout: 0.5 });
      const batch = await backbone.prepare(historiesBatch(histories, shape.maxLength));
      const states = tf.tidy(() => [
        ...backbone.encode(batch, backbone.itemVectors(), Pass.train(1)).dataSync(),
      ]);
      disposeBatch(batch);
      parameters.dispose();
      return states.filter((value) => value === 0).length / states.length;
    };
    const zeros = await zerosOf('norm');
    assert.ok(zeros > 0.3 && zeros < 0.7, `${zeros}`);
    assert.equal(await zerosOf('none'), 0);
  });
});

describe('item texts as features', () => {
  before(() => tf.setBackend('cpu'));

  /** Three items of four numbers each, and padding; the last has no text. */
  const texts: ItemTextVectors = {
    values: Float32Array.of(0, 0, 0, 0, 2, 4, -6, 8, 1, 1, 1, 1, 0, 0, 0, 0),
    hiddenSize: 4,
    hasText: Uint8Array.of(0, 1, 1, 0),
  };

  it('are their numbers over √H, projected', () => {
    const parameters = new Parameters(new Random(1));
    const features = buildTextFeatures(parameters, texts, 2);
    tf.tidy(() => {
      features.weight.assign(tf.tensor2d([[1, 0], [0, 1], [10, 0], [0, 10]])); // prettier-ignore
      features.bias.assign(tf.tensor1d([0.5, -0.5]));
      const [one, two, none] = textFeatures(features, [1, 2, 3]).arraySync();
      assertClose(one, [1 - 30 + 0.5, 2 + 40 - 0.5]);
      assertClose(two, [0.5 + 5 + 0.5, 0.5 + 5 - 0.5]);
      assertClose(none, [0.5, -0.5]);
    });
    parameters.dispose();
  });

  it('are the whole of an item that has a text and no attributes; one with neither has the vector "none"', () => {
    const parameters = new Parameters(new Random(1));
    const attention = buildFeatureAttention(parameters.scope('attention'), { count: 2, dimension: 3 });
    const features = buildTextFeatures(parameters.scope('texts'), texts, 3);
    for (const { name } of parameters.entries()) shake(parameters, name);
    const attributes = { offsets: Int32Array.of(0, 0, 0, 2, 2), values: Int32Array.of(1, 2), count: 2 };
    tf.tidy(() => {
      const found = featureVectors(attention, attributes, Int32Array.of(1, 2, 3), features).arraySync();
      const [none] = attention.attributes.arraySync() as number[][];
      assertClose(found[0], textFeatures(features, [1]).arraySync()[0]);
      assertClose(found[2], none);
    });
    parameters.dispose();
  });
});
