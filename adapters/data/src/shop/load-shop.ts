import { type Dataset, DatasetBuilder, type Hasher } from '@coco-rec/core';
import { rawId } from './catalogue.js';
import type { ShopConfig } from './config.js';
import { ShopOracle } from './oracle.js';
import type { Shop } from './simulate.js';

/** The data set of a shop, with its oracle. @param text which parts make up an item's text */
export function shopDataset(shop: Shop, text: ShopConfig['text'], hasher: Hasher): Dataset {
  const { catalogue, histories, simulation } = shop;
  const { offsets, sequence } = histories;
  const builder = new DatasetBuilder();
  // All items first: item n of the shop is then item n of the data set, which the oracle relies on.
  for (const { id } of catalogue) builder.addItem(id);
  for (let user = 0; user + 1 < offsets.length; user++) {
    const id = rawId('u', user + 1, simulation.users);
    for (let i = offsets[user]; i < offsets[user + 1]; i++)
      builder.addInteraction(id, catalogue[sequence[i] - 1].id);
  }
  for (const item of catalogue) {
    const { category, brand } = item.facets;
    const attributes = [category, brand].map(({ facet, name }) => `${facet}: ${name}`);
    builder.describeItem(item.id, text.map((part) => item[part]).join('. '), attributes);
  }
  const report = { counts: { 'interactions simulated': sequence.length }, warnings: [] };
  const dataset = builder.build({ name: 'shop', report, hasher });
  return { ...dataset, oracle: new ShopOracle(shop.model) };
}
