import type { DataDescriptor } from '@coco-rec/core';
import { csv } from './csv.js';
import { jsonl } from './jsonl.js';
import { recbole } from './recbole.js';
import { shop } from './shop/shop.js';

/** The built-in importers; one line each. */
export const importers: readonly DataDescriptor[] = [recbole, csv, jsonl, shop];

export { type DatasetSummary, inspectDataset } from './inspect-dataset.js';
export { writeRecBole } from './write-recbole.js';
export { ShopConfig, type Simulation } from './shop/config.js';
export type { ShopItem } from './shop/catalogue.js';
export { type Shop, simulateShop } from './shop/simulate.js';
export { shopDataset } from './shop/load-shop.js';
export { ShopOracle } from './shop/oracle.js';
export { writeShop } from './shop/write-shop.js';
export { readShop } from './shop/read-shop.js';
export { shopSentences } from './shop/sentences.js';
export { type TextPair, shopTextPairs } from './shop/text-pairs.js';
export { complements } from './shop/complements.js';
export {
  type FacetName,
  type FacetValue,
  facetNames,
  facetValues,
  relatedValues,
  valuesOfDepartment,
} from './shop/vocabulary.js';
