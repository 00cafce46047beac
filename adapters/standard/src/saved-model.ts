import {
  CocoError,
  type ExternalFile,
  type NamedArray,
  type Ranker,
  type RunConfig,
  type SplitRule,
  loadCheckpoint,
  saveCheckpoint,
} from '@coco-rec/core';
import type { NodeFileStore } from './node-ports.js';
import { codeVersion } from './result.js';
import type { Session } from './session.js';

const modelFile = 'model.safetensors';

/** What stands beside the weights of a saved model. */
export interface ModelInfo {
  readonly config: RunConfig;
  /** What relative paths of the config were seen from; absent: not known. */
  readonly workingFolder?: string;
  /** SHA-256 of the raw item ids in order: weights fit one catalogue only. */
  readonly itemsHash: string;
  /** SHA-256 of the names of the items' attributes in order; absent: the weights belong to none, or to a numbering of before. */
  readonly attributesHash?: string;
  readonly codeVersion: string;
  /** How the data were split for its training; absent: `leave-one-out`. */
  readonly splitRule?: SplitRule;
  /** Files that the model needs besides its weights, as they were; absent: none. */
  readonly externalFiles?: readonly ExternalFile[];
}

/** SHA-256 of the catalogue's raw ids in order. */
function itemsHash({ split, context }: Session): string {
  const { items } = split.dataset;
  return context.hasher.sha256(Array.from({ length: items.length }, (_, i) => items.get(i)).join('\n'));
}

function attributesHashOf({ split }: Session, { readsAttributes = false }: Ranker): string | undefined {
  return readsAttributes ? split.dataset.attributes?.namesHash : undefined;
}

/** @throws CocoError if a model of the folder was trained on other items, or on other attributes that it reads */
export function demandSameItems(folder: string, info: ModelInfo, ranker: Ranker, session: Session): void {
  const isOf = (what: string): CocoError =>
    new CocoError(`The model in ${folder} was trained on other ${what} than those of the config's data.`);
  if (info.itemsHash !== itemsHash(session)) throw isOf('items');
  const own = attributesHashOf(session, ranker);
  if (own !== undefined && info.attributesHash === undefined) {
    throw new CocoError(
      `The model in ${folder} numbers attributes of items as versions before this one did: train it anew.`,
    );
  }
  if (info.attributesHash !== own) throw isOf('attributes of items');
}

/** Writes weights and config into one file of the folder. */
export async function saveModel(
  files: NodeFileStore,
  ranker: Ranker,
  config: RunConfig,
  session: Session,
): Promise<void> {
  const { externalFiles = [] } = ranker;
  const { rule } = session.split;
  const attributesHash = attributesHashOf(session, ranker);
  const info: ModelInfo = {
    config,
    workingFolder: process.cwd(),
    itemsHash: itemsHash(session),
    ...(attributesHash !== undefined && { attributesHash }),
    codeVersion,
    ...(rule.kind !== 'leave-one-out' && { splitRule: rule }),
    externalFiles,
  };
  await saveCheckpoint(files, modelFile, { tensors: await ranker.state(), info });
}

/** @throws CocoError if there is no model in the folder. */
export async function readModel(
  files: NodeFileStore,
): Promise<{ tensors: ReadonlyMap<string, NamedArray>; info: ModelInfo }> {
  const saved = await loadCheckpoint<ModelInfo>(files, modelFile);
  if (!saved) {
    throw new CocoError(
      `There is no trained model in ${files.root} (no ${modelFile}). Train one with "coco train".`,
    );
  }
  return saved;
}
