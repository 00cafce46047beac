/** Every config under examples/configs names units that there are, with keys that they have. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Registry, type UnitSetting, findLoss, readConfig } from '@coco-rec/core';
import { builtInUnits, checkConfig, readConfigFile } from '@coco-rec/standard';
import { root } from './layout/sources.js';

const folder = join(root, 'examples', 'configs');
const files = readdirSync(folder).filter((file) => file.endsWith('.yaml'));
const registry = new Registry(builtInUnits);

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
      readConfig(registry.get('fusion', fusion.id).config, fusion.keys, 'fusion');
      const loss = split(config.train.loss);
      readConfig(findLoss(loss.id).config, loss.keys, 'train.loss');
      if (!config.knowledge) return;
      const knowledge = split(config.knowledge);
      readConfig(registry.get('knowledge', knowledge.id).config, knowledge.keys, 'knowledge');
    });
  }
});
