/** Models of the tfjs layers API: built in code, or read from a model.json. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as layers from '@tensorflow/tfjs-layers';
import { CocoError } from '@coco-rec/core';
import { backboneChecks } from '@coco-rec/core/testing';
import { type LayersModel, type PlainConfig, createRecommender, layersUnit } from '@coco-rec/standard';
import { startTestEngine } from './support/engine.js';
import { recurrentModel, writeLayersModel } from './support/layers-model.js';
import { smallConfig, smallShop, temporaryFolder, writeShop } from './support/small-run.js';

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

async function refuses(backbone: PlainConfig, words: RegExp, build = ownModel): Promise<void> {
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
});

describe('a layers model in a model.json', () => {
  it('keeps the weights that it has, and goes on learning', async () => {
    const model = await writeLayersModel(join(folder, 'good'));
    const config = smallConfig(data, 'none', join(folder, 'run'), {
      epochs: 2,
      warmEpochs: 1,
      usersPerStep: 20,
    });
    const recommender = createRecommender({ ...config, backbone: { id: 'layers', model } });
    await recommender.fit();
    recommender.dispose();
    const lines = (await readFile(join(folder, 'run', 'metrics.jsonl'), 'utf8')).trim().split('\n');
    assert.equal(lines.length, 2);
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
