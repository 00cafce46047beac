/** Where a saved model finds the files that its config names, when it is loaded from another working directory. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { CocoError, type Registry, type RunConfig, type UnitKind, keysOfFiles } from '@coco-rec/core';

/** @returns where a path of the config of then is now. */
export type FindFile = (path: string) => string;

/**
 * A path is taken as seen from the working directory of then; where nothing is there, from that of now.
 * @param workingFolder of then; undefined: not known
 */
export function fileFinder(workingFolder: string | undefined): FindFile {
  return (path) => {
    if (workingFolder === undefined) return path;
    const then = resolve(workingFolder, path);
    const isSame = then === resolve(path);
    return isSame || (!existsSync(then) && existsSync(path)) ? path : then;
  };
}

/** The sections that hold units' keys, with the kinds of unit. */
const sections: readonly (readonly [keyof RunConfig, string, readonly UnitKind[]])[] = [
  ['data', 'format', ['data']],
  ['backbone', 'id', ['backbone', 'ranker']],
  ['knowledge', 'id', ['knowledge']],
  ['writer', 'id', ['knowledge']],
  ['fusion', 'id', ['fusion']],
];

/**
 * The config with every path that its units' config classes mark, as found now.
 * @param owner for the message: "The model in runs/x" @throws CocoError where the data are not there any more
 */
export function withFoundFiles(
  owner: string,
  config: RunConfig,
  registry: Registry,
  find: FindFile,
): RunConfig {
  const found: Record<string, unknown> = { ...config };
  for (const [section, idKey, kinds] of sections) {
    const setting = found[section];
    if (setting === null || typeof setting !== 'object') continue; // an id alone names no file
    const keys: Record<string, unknown> = { ...setting };
    const unit = kinds.map((kind) => registry.find(kind, String(keys[idKey]))).find(Boolean);
    for (const key of unit ? keysOfFiles(unit.config) : []) {
      if (keys[key] === undefined) continue; // its default, not an absent value over it
      keys[key] = foundValue(keys[key], find);
      if (section === 'data') demandThere(owner, `data.${key}`, keys[key]);
    }
    found[section] = keys;
  }
  return found as unknown as RunConfig;
}

/** A path, or a group of paths. */
function foundValue(value: unknown, find: FindFile): unknown {
  if (typeof value === 'string') return find(value);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, foundValue(inner, find)]));
}

function demandThere(owner: string, key: string, path: unknown): void {
  if (typeof path !== 'string' || existsSync(path)) return;
  throw new CocoError(
    `${owner} was trained on data that are not there any more: "${key}" was ${resolve(path)}. ` +
      'Put them back, or train anew.',
  );
}
