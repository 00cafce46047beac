import { CocoError, type Dataset, type Progress, readConfig } from '@coco-rec/core';
import { type DatasetSummary, ShopConfig, inspectDataset, writeShop } from '@coco-rec/data';
import { startEngine } from '@coco-rec/engine';
import { type CheckedTensor, checkModel } from '@coco-rec/llm';
import { type PlainConfig, checkConfig } from './load-config.js';
import { nodeHasher } from './node-ports.js';
import { createContext } from './recommender.js';
import { loadDataset } from './session.js';
import { sharesOf } from './split-data.js';

/** Reads the data that a config's section `data` names, without an engine. @throws UsageError on a wrong config */
export async function openData(
  plain: PlainConfig,
  options: { progress?: Progress; signal?: AbortSignal } = {},
): Promise<Dataset> {
  const config = checkConfig(plain);
  const { registry, context } = createContext(config.output, options);
  return loadDataset(config, registry, context);
}

/** Counts what there is to know of the data that a config names, a global time split by its `evaluate` included. */
export async function inspectData(
  plain: PlainConfig,
  options: { progress?: Progress; signal?: AbortSignal } = {},
): Promise<DatasetSummary> {
  return inspectDataset(await openData(plain, options), sharesOf(checkConfig(plain).evaluate));
}

/** Simulates a shop into a file. @param keys as in a section `data` of format shop @returns the file's SHA-256 */
export async function simulateShopFile(keys: PlainConfig, path: string): Promise<string> {
  return writeShop(readConfig(ShopConfig, keys, 'data'), path, nodeHasher);
}

/** Compares a model folder with its golden.safetensors. @param engine an engine's id, or auto */
export async function checkModelFolder(
  folder: string,
  engine = 'auto',
): Promise<{ tensors: CheckedTensor[]; engine: string }> {
  const { id, detail } = await startEngine(engine);
  const tensors = await checkModel(folder);
  if (tensors.length === 0) throw new CocoError(`${folder}: golden.safetensors holds nothing to compare.`);
  return { tensors, engine: `${id} (${detail})` };
}
