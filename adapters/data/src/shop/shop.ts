import { type AdapterContext, type DataDescriptor, type Dataset, UsageError } from '@coco-rec/core';
import { ShopConfig, simulationKeys } from './config.js';
import { shopDataset } from './load-shop.js';
import { readShop } from './read-shop.js';
import { type Shop, simulateShop } from './simulate.js';

async function load(config: ShopConfig, context: AdapterContext): Promise<Dataset> {
  const made = config.path === undefined ? simulateShop(config) : await readChecked(config, config.path);
  return shopDataset(made, config.text, context.hasher);
}

/** A file brings its own sizes: a key that says otherwise would be inert, so it is refused. */
async function readChecked(config: ShopConfig, path: string): Promise<Shop> {
  const made = await readShop(path);
  const defaults = new ShopConfig();
  for (const key of simulationKeys) {
    const own = made.simulation[key];
    if (config[key] === defaults[key] || config[key] === own) continue;
    throw new UsageError(
      `Config key "data.${key}" is ${config[key]}, but the shop in ${path} has ${own}: leave it out.`,
    );
  }
  return made;
}

/** A simulated shop, whose Bayes predictor is known. */
export const shop: DataDescriptor<ShopConfig> = {
  kind: 'data',
  id: 'shop',
  specVersion: 'v1',
  summary: 'A made-up shop with natural titles, drifting tastes and complements; brings its oracle.',
  config: ShopConfig,
  load,
};
