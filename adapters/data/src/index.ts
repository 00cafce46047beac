import type { DataDescriptor } from '@coco-rec/core';
import { csv } from './csv.js';
import { jsonl } from './jsonl.js';
import { recbole } from './recbole.js';
import { shop } from './shop/shop.js';

/** The built-in importers; one line each. */
export const importers: readonly DataDescriptor[] = [recbole, csv, jsonl, shop];

export { ShopConfig } from './shop/config.js';
export { simulateShop, type Shop } from './shop/simulate.js';
export { shopDataset } from './shop/load-shop.js';
export { writeShop } from './shop/write-shop.js';
export { readShop } from './shop/read-shop.js';
export { shopSentences } from './shop/sentences.js';
export { type DatasetSummary, inspectDataset } from './inspect-dataset.js';
export { writeRecBole } from './write-recbole.js';
