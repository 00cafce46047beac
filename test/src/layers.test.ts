/** Models of the tfjs layers API: built in code, or read from a model.json. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import * as layers from '@tensorflow/tfjs-layers';
import {
  type BackboneDescriptor,
  CocoError,
  Parameters,
  Random,
  Registry,
  createLoss,
  leaveOneOut,
  readConfig,
} from '@coco-rec/core';
import { backboneChecks, testDataset } from '@coco-rec/core/testing';
import {
  type LayersModel,
  type PlainConfig,
  builtInUnits,
  createRecommender,
  layersUnit,
} from '@coco-rec/standard';
import { startTestEngine } from './support/engine.js';
import { recurrentModel, writeLayersModel } from './support/layers-model.js';
import { run, smallConfig, smallShop, temporaryFolder, writeShop } from './support/small-run.js';

const { folder, remove } = temporaryFolder();
let data: PlainConfig;
before(async () => {
  await startTestEngine();
  data = await writeShop(folder, 'shop', smallShop());
});
after(remove);

/** A small model whose layers draw at random, from no seed. */
function ownModel(): LayersModel {
  const input = layers.input({ shape: [null, 8] });
  const states = layers.layers.simpleRNN({ units: 8, returnSequences: true }).apply(input);
  return layers.model({ inputs: input, outputs: states as layers.SymbolicTensor });
}

async function refuses(
  backbone: PlainConfig,
  words: RegExp,
  build: () => LayersModel = ownModel,
): Promise<void> {
  const config = { ...smallConfig(data, 'none', join(folder, `bad-${words.source.length}`)), backbone };
  const recommender = createRecommender(config, { units: [layersUnit({ id: 'own-layers', build })] });
  await assert.rejects(recommender.fit(), (error: unknown) => {
    assert.ok(error instanceof CocoError, String(error));
    assert.match(error.message, words);
    assert.doesNotMatch(error.message, /\n/);
    return true;
  });
  recommender.dispose();
}

/** What the weights of a model's layers are before training, in the order of the model. */
async function firstWeights(
  unit: BackboneDescriptor<object>,
  keys: object,
  seed: number,
): Promise<number[][]> {
  const dataset = testDataset();
  const split = leaveOneOut(dataset);
  const { trainLengths } = split;
  const parameters = new Parameters(new Random(seed).derive('parameters'));
  const backbone = unit.create(readConfig(unit.config, keys, 'backbone'));
  const progress = { report: () => undefined, log: () => undefined };
  await backbone.open({ ...split, progress });
  const loss = createLoss('softmax', { dataset, trainLengths, random: new Random(2) });
  backbone.initialize({
    itemCount: dataset.itemCount,
    parameters: parameters.scope('backbone'),
    loss,
    dataset,
  });
  const own = parameters.entries().filter(({ name }) => name.startsWith('backbone/layers/'));
  const values = own.map(({ variable }) => [...variable.dataSync()]);
  parameters.dispose();
  return values;
}

describe('a layers model built in code', () => {
  for (const { name, run, skip } of backboneChecks(layersUnit({ id: 'own-layers', build: ownModel }))) {
    if (skip === undefined) it(name, run);
  }

  it('is refused if it looks ahead, or gives no state for each position', async () => {
    const build = (make: (input: layers.SymbolicTensor) => unknown) => (): LayersModel => {
      const input = layers.input({ shape: [null, 8] });
      return layers.model({ inputs: input, outputs: make(input) as layers.SymbolicTensor });
    };
    const both = build((input) => {
      const layer = layers.layers.simpleRNN({ units: 8, returnSequences: true }) as layers.RNN;
      return layers.layers.bidirectional({ layer, mergeMode: 'sum' }).apply(input);
    });
    await refuses({ id: 'own-layers' }, /"own-layers" looks ahead/, both);
    const last = build((input) => layers.layers.simpleRNN({ units: 8 }).apply(input));
    await refuses({ id: 'own-layers' }, /maps \[, , 8\] to \[, 8\]; it should .*returnSequences/, last);
    const wide = build((input) => layers.layers.dense({ units: 9 }).apply(input));
    await refuses({ id: 'own-layers' }, /maps \[, , 8\] to \[, , 9\]/, wide);
  });

  it('that cannot be built, or fails when it is asked, is refused in one sentence', async () => {
    const causal = (): LayersModel =>
      layers.sequential({
        layers: [
          layers.layers.conv1d({ filters: 8, kernelSize: 2, padding: 'causal', inputShape: [null, 8] }),
        ],
      });
    await refuses(
      { id: 'own-layers' },
      /"own-layers" (cannot be built|failed on .* items) \(.*CAUSAL/i,
      causal,
    );
    const broken = (): LayersModel => {
      throw new Error('no such layer\nand more');
    };
    await refuses({ id: 'own-layers' }, /"own-layers" cannot be built \(no such layer\)\.$/, broken);
    const nothing = (): LayersModel => undefined as unknown as LayersModel;
    await refuses(
      { id: 'own-layers' },
      /"build" of "own-layers" gave undefined; it should return a/,
      nothing,
    );
    const empty = (): LayersModel => layers.sequential() as LayersModel;
    await refuses({ id: 'own-layers' }, /"own-layers" gave something that has no inputs and outputs/, empty);
  });

  it('begins with the weights as built if they are to be kept, else with matrices of the seed', async () => {
    const build = (): LayersModel => recurrentModel();
    const built = recurrentModel()
      .getWeights()
      .map((weight) => [...weight.dataSync()]);
    const begin = (keepsWeights: boolean, seed: number): Promise<number[][]> =>
      firstWeights(layersUnit({ id: 'own-layers', build, keepsWeights }), {}, seed);
    assert.deepEqual(await begin(true, 1), built);
    assert.deepEqual(await begin(true, 2), built);
    const [one, again, two] = [await begin(false, 1), await begin(false, 1), await begin(false, 2)];
    assert.deepEqual(one, again);
    built.forEach((weight, n) => {
      const isMatrix = new Set(weight).size > 1; // biases begin at 0
      assert.equal(isDeepStrictEqual(one[n], weight), !isMatrix);
      assert.equal(isDeepStrictEqual(one[n], two[n]), !isMatrix);
    });
  });
});

describe('a layers model in a model.json', () => {
  it('keeps the weights that it has, and goes on learning', async () => {
    const model = await writeLayersModel(join(folder, 'good'));
    const bytes = await readFile(join(folder, 'good', 'weights.bin'));
    const stored = [...new Float32Array(new Uint8Array(bytes).buffer)];
    for (const seed of [1, 2])
      assert.deepEqual(
        (await firstWeights(new Registry(builtInUnits).get('backbone', 'layers'), { model }, seed)).flat(),
        stored,
      );

    const train = { epochs: 2, warmEpochs: 1, usersPerStep: 20 };
    const config = smallConfig(data, 'none', join(folder, 'run'), train);
    const { weights, epochs } = await run({ ...config, backbone: { id: 'layers', model } });
    assert.equal(epochs.length, 2);
    const trained = [...weights].filter(([name]) => name.startsWith('backbone/layers/'));
    let start = 0;
    for (const [name, { values }] of trained) {
      const before = stored.slice(start, (start += values.length));
      const moved = Math.max(...before.map((value, i) => Math.abs(value - Number(values[i]))));
      assert.ok(moved > 1e-4 && moved < 0.5, `${name} has moved by ${moved}`);
    }
    assert.equal(start, stored.length);
  });

  it('that is damaged is refused in one sentence', async () => {
    const write = async (
      name: string,
      change: (json: Record<string, unknown>) => unknown,
    ): Promise<string> => {
      const path = await writeLayersModel(join(folder, name), recurrentModel(4));
      const json = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
      await writeFile(path, JSON.stringify(change(json)));
      return path;
    };
    const manifest = (json: Record<string, unknown>, change: object): unknown => {
      const [group] = json.weightsManifest as object[];
      return { ...json, weightsManifest: [{ ...group, ...change }] };
    };
    const remote = ['https://example.org/weights.bin'];
    const cases: [string, RegExp][] = [
      [join(folder, 'nowhere', 'model.json'), /There is no file .*model\.json/],
      [await write('a', () => ({ format: 'graph' })), /is no layers model: it lacks "modelTopology"/],
      [
        await write('b', (json) => manifest(json, { paths: remote })),
        /"https:\/\/example\.org.*must lie beside it/,
      ],
      [
        await write('c', (json) => manifest(json, { paths: ['lost.bin'] })),
        /weight file lost\.bin cannot be read/,
      ],
      [await write('d', (json) => manifest(json, { weights: [] })), /have \d+ bytes; the model needs 0/],
      [
        await write('e', (json) => ({ ...json, modelTopology: { a: 1 } })),
        /cannot be built as a layers model/,
      ],
    ];
    for (const [model, words] of cases) await refuses({ id: 'layers', model }, words);
  });
});
