/** Which weights decay, what the keys of a config are where nothing is said, and the mean that SASRec can add. */
import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { type BackboneDescriptor, type ItemTextVectors, readConfig } from '@coco-rec/core';
import { testDataset } from '@coco-rec/core/testing';
import { bert4rec } from './bert4rec.js';
import { bsarec } from './bsarec.js';
import { fdsa } from './fdsa.js';
import { pinnerformer } from './pinnerformer.js';
import { s3rec } from './s3rec.js';
import { sasrec } from './sasrec.js';
import { assertClose, shake, smallWorld, statesOf, weightOf } from './small-world.test.js';

const small = { dimension: 4, maxLength: 8, numLayers: 2, numHeads: 2 };

/** Of two numbers each. */
function textsOf(itemCount: number): ItemTextVectors {
  const values = Float32Array.from({ length: 2 * (itemCount + 1) }, (_, i) => (i < 2 ? 0 : Math.sin(5 * i)));
  return { values, hiddenSize: 2, hasText: new Uint8Array(itemCount + 1).fill(1, 1) };
}

/** Each with all that it can have, some weights that must not decay, and some that must. */
const cases: readonly {
  readonly descriptor: BackboneDescriptor;
  readonly keys: object;
  readonly free: readonly string[];
  readonly decaying: readonly string[];
}[] = [
  {
    descriptor: sasrec,
    keys: { historyMean: true },
    free: ['historyMean', 'outerNorm/gain', 'outerNorm/bias', 'block1/innerBias'],
    decaying: ['items', 'positions', 'block0/queryKeyValue', 'block1/outer'],
  },
  {
    descriptor: bert4rec,
    keys: {},
    free: ['itemBias', 'outputBias', 'outputNorm/gain', 'norm/gain', 'block0/queryKeyValueBias'],
    decaying: ['items', 'mask', 'positions', 'output', 'block0/output'],
  },
  {
    descriptor: bsarec,
    keys: {},
    free: ['block0/high', 'block1/high', 'block0/filterNorm/gain', 'embeddingNorm/bias'],
    decaying: ['items', 'positions', 'block1/inner'],
  },
  {
    descriptor: fdsa,
    keys: { features: 'both' },
    free: ['items/norm/gain', 'features/norm/bias'],
    decaying: ['items', 'items/positions', 'features/block0/inner'],
  },
  {
    descriptor: pinnerformer,
    keys: { attributes: true, itemAttributes: true, timeEncoding: true },
    free: ['logTemperature', 'inputBias', 'finalNorm/gain', 'userTower/innerBias', 'itemTower/outerBias'],
    decaying: [
      'items',
      'input',
      'positions',
      'itemTower/inner',
      'userTower/outer',
      'itemAttributes/attributes',
    ],
  },
  {
    descriptor: s3rec,
    keys: {},
    free: ['norm/gain', 'preTrain/aap/bias', 'preTrain/sp/bias'],
    decaying: ['items', 'mask', 'preTrain/attributes', 'preTrain/mip/weight', 'preTrain/map/weight'],
  },
];

const isFree = /(bias|gain)$|\/(high|historyMean|logTemperature)$/i;

describe('weight decay', () => {
  before(() => tf.setBackend('cpu'));

  for (const { descriptor, keys, free, decaying } of cases) {
    it(`leaves alone biases, gains and what ${descriptor.id} names, and nothing else`, () => {
      const dataset = testDataset();
      const texts = textsOf(dataset.itemCount);
      const { parameters } = smallWorld(descriptor, { ...small, ...keys }, { dataset, texts });
      const trained = parameters.entries().filter(({ trainable }) => trainable);
      const named = (weightDecay: boolean): string[] =>
        trained.filter((one) => one.weightDecay === weightDecay).map(({ name }) => name);
      const all = trained.map(({ name }) => name);
      assert.deepEqual(named(false), all.filter((name) => isFree.test(name))); // prettier-ignore
      for (const name of free) assert.ok(named(false).includes(`backbone/${name}`), `${name}: ${all}`);
      for (const name of decaying) assert.ok(named(true).includes(`backbone/${name}`), `${name}: ${all}`);
      parameters.dispose();
    });
  }
});

describe('the history mean of SASRec', () => {
  before(() => tf.setBackend('cpu'));

  for (const keys of [{}, { scaleEmbedding: false }, { norm: 'post' }]) {
    it(`adds W [h; m], m the mean of the items up to a place as they are read: ${JSON.stringify(keys)}`, async () => {
      const world = smallWorld(sasrec, { ...small, ...keys, historyMean: true });
      const { backbone, parameters } = world;
      const { variable } = weightOf(parameters, 'backbone/historyMean');
      const histories = [[3], [5, 1, 5, 8], [2, 9, 4, 7, 6, 1, 3]];
      tf.tidy(() => variable.assign(tf.zerosLike(variable) as typeof variable));
      const plain = await statesOf(backbone, histories);
      shake(parameters, 'backbone/historyMean');
      const found = await statesOf(backbone, histories);
      const weight = (variable as unknown as tf.Tensor2D).arraySync();
      const items = tf.tidy(() => backbone.itemVectors().block(0, 31).arraySync());
      const scale = 'scaleEmbedding' in keys ? 1 : 2; // √4
      histories.forEach((history, b) =>
        history.forEach((_, t) => {
          const seen = history.slice(0, t + 1).map((item) => items[item]);
          const mean = [0, 1, 2, 3].map((d) => seen.reduce((sum, x) => sum + (scale * x[d]) / (t + 1), 0));
          const joined = [...plain[b][t], ...mean];
          const added = [0, 1, 2, 3].map((d) => joined.reduce((sum, x, i) => sum + x * weight[i][d], 0));
          assertClose(found[b][t], plain[b][t].map((h, d) => h + added[d]), 1e-4); // prettier-ignore
        }),
      );
      parameters.dispose();
    });
  }
});

describe('a backbone of which nothing is said', () => {
  const common = { dimension: 64, maxLength: 50, numLayers: 2, numHeads: 2, feedForwardFactor: 4 };
  const expected: readonly (readonly [BackboneDescriptor, object])[] = [
    [
      sasrec,
      {
        ...common,
        numHeads: 1,
        feedForwardFactor: 1,
        dropout: 0.3,
        norm: 'pre',
        activation: 'relu',
        positionsFrom: 'oldest',
        historyMean: false,
        scaleEmbedding: true,
      },
    ],
    [
      bert4rec,
      {
        ...common,
        dropout: 0.2,
        attentionDropout: 0.2,
        maskRatio: 0.6,
        lastMaskShare: 0.1,
        prefixShare: 0,
        positionsFrom: 'oldest',
      },
    ],
    [bsarec, { ...common, numHeads: 1, dropout: 0.5, filterShare: 0.7, cutoff: 5, transform: 'padded' }],
    [fdsa, { ...common, dropout: 0.5, activation: 'gelu', features: 'attributes', output: 'norm' }],
    [
      pinnerformer,
      {
        ...common,
        dropout: 0.3,
        attributes: false,
        itemAttributes: false,
        itemTower: true,
        userTower: true,
        timeEncoding: false,
        timePeriods: undefined,
        windowDays: undefined,
        windowSteps: undefined,
        positionsPerUser: 32,
        targetsPerPosition: 1,
        temperature: 0.07,
      },
    ],
    [
      s3rec,
      {
        ...common,
        dropout: 0.3,
        preTrainEpochs: 20,
        maskRatio: 0.2,
        aapWeight: 0.2,
        mipWeight: 1,
        mapWeight: 1,
        spWeight: 0.5,
      },
    ],
  ];
  for (const [{ id, config }, keys] of expected) {
    it(`has the defaults that are listed here: ${id}`, () => {
      assert.deepEqual({ ...readConfig(config, {}, 'backbone') }, keys);
    });
  }
});
