/** Every config under examples/configs names units that there are, with keys that they have. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Registry, type UnitSetting, findLoss, readConfig } from '@coco-rec/core';
import {
  applyOverrides,
  builtInUnits,
  checkConfig,
  createRecommender,
  readConfigFile,
} from '@coco-rec/standard';
import { root } from './layout/sources.js';
import { startTestEngine, testEngine } from './support/engine.js';
import { epochsOf, temporaryFolder } from './support/small-run.js';

const folder = join(root, 'examples', 'configs');
const files = readdirSync(folder).filter((file) => file.endsWith('.yaml'));
const registry = new Registry(builtInUnits);
const { folder: runs, remove } = temporaryFolder();

/** A unit's id and its other keys. */
function split(setting: UnitSetting): { id: string; keys: object } {
  const { id, ...keys } = typeof setting === 'string' ? { id: setting } : setting;
  return { id, keys };
}

describe('example configs', () => {
  it('are all looked at', () => assert.ok(files.length > 5, files.join()));

  for (const file of files) {
    it(file, async () => {
      const config = checkConfig(await readConfigFile(join(folder, file)));
      const { format, ...dataKeys } = config.data;
      readConfig(registry.get('data', String(format)).config, dataKeys, 'data');
      const backbone = split(config.backbone);
      const descriptor = registry.get('backbone', backbone.id);
      descriptor.create(readConfig(descriptor.config, backbone.keys, 'backbone'));
      const fusion = split(config.fusion);
      const fusions = Object.entries({ [fusion.id]: fusion.keys, ...config.fusions });
      for (const [name, { id = name, ...keys }] of fusions as [string, { id?: string }][]) {
        const { config: keysOf, create } = registry.get('fusion', id);
        create(readConfig(keysOf, keys, `fusions.${name}`));
      }
      const loss = split(config.train.loss);
      readConfig(findLoss(loss.id).config, loss.keys, 'train.loss');
      for (const section of ['knowledge', 'writer'] as const) {
        const setting = config[section];
        if (!setting) continue;
        const { id, keys } = split(setting);
        readConfig(registry.get('knowledge', id).config, keys, section);
      }
    });
  }

  before(startTestEngine);
  after(remove);

  const ofBackbones = files.filter(
    (name) => name.startsWith('beauty-') && !['beauty-coco.yaml', 'beauty-fusions.yaml'].includes(name),
  );
  for (const file of ofBackbones) {
    it(`${file} runs, for a few steps on a small shop`, async () => {
      const short = ['dimension=8', 'maxLength=8'].map((set) => `backbone.${set}`);
      if (file.includes('s3rec')) short.push('backbone.preTrainEpochs=1');
      const plain = applyOverrides(await readConfigFile(join(folder, file)), [
        ...short,
        'train.epochs=1',
        'train.evaluateEvery=1',
        `engine=${testEngine}`,
        `output=${join(runs, file)}`,
      ]);
      const data = { format: 'shop', items: 40, users: 30, tastes: 8 };
      const recommender = createRecommender({ ...plain, data });
      const { test } = await recommender.fit();
      recommender.dispose();
      const { recommendation } = (await epochsOf(join(runs, file))).at(-1) ?? {};
      assert.ok(Number(recommendation) > 0, `loss ${recommendation}`);
      assert.ok(test['recall@10'] > 0);
    });
  }
});
