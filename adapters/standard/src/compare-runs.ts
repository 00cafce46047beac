import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Progress, UsageError } from '@coco-rec/core';
import { differingKeys, methodKeys, tellingNames } from './method-names.js';
import { silentProgress } from './node-ports.js';
import { type StoredRun, readStoredRun } from './stored-run.js';
import { type Comparison, summarise } from './summarise-comparison.js';

export interface CompareRunsOptions {
  /** Is told of runs that are left out. Default: nobody is. */
  readonly progress?: Pick<Progress, 'log'>;
}

/** Runs of one config but for the seed. */
interface Method {
  readonly keys: ReadonlyMap<string, string>;
  readonly runs: StoredRun[];
}

/**
 * Compares finished runs, whatever their backbones, on the seeds that all methods have. Runs whose configs differ in nothing
 * but seed, engine and folders are one method; that of the first folder is the baseline.
 * @param folders run folders, as `coco train` writes them, of two methods or more
 * @throws UsageError for a folder without a finished run, and for runs that cannot be set side by side: other data, another
 *   split or filter, one method only, the same seed twice, no seed in common
 */
export async function compareRuns(
  folders: readonly string[],
  { progress = silentProgress }: CompareRunsOptions = {},
): Promise<Comparison> {
  if (folders.length < 2) {
    throw new UsageError(
      `${folders.length > 0 ? `${folders[0]} is a folder` : 'Nothing is named'}: name run folders of two methods or more, or a config file.`,
    );
  }
  const runs = await Promise.all(folders.map(readRun));
  for (const run of runs.slice(1)) demandSameMeasure(runs[0], run);
  const methods = methodsOf(runs);
  if (methods.length < 2) {
    throw new UsageError(
      `All ${runs.length} run folders are of one config: name those of another one as well. The first one's is the baseline.`,
    );
  }
  const configs = methods.map((method) => method.runs[0].result.config);
  const names = tellingNames(configs);
  const seeds = sharedSeeds(methods, names);
  const kept = methods.map((method) => method.runs.filter(({ seed }) => seeds.includes(seed)));
  for (const { folder, seed } of runs.filter((run) => !seeds.includes(run.seed)))
    progress.log(`${folder} is left out: not every method has a run of seed ${seed}.`);
  const named = new Map(names.map((name, i) => [name, kept[i]] as const));
  const comparison = summarise(named, [], names[0]);
  return { ...comparison, differingKeys: differingKeys(methods.map(({ keys }) => keys)) };
}

async function readRun(folder: string): Promise<StoredRun> {
  const found = await stat(folder).catch(() => undefined);
  if (!found) throw new UsageError(`There is no folder ${folder}.`);
  if (!found.isDirectory())
    throw new UsageError(`${folder} is not a folder: name one config file, or run folders only.`);
  const run = await readStoredRun(folder);
  if (run) return run;
  const isComparison = await stat(join(folder, 'comparison.json')).catch(() => undefined);
  throw new UsageError(
    isComparison
      ? `${folder} holds a comparison: name the run folders in it, such as ${join(folder, 'none', 'seed-1')}.`
      : `There is no finished run in ${folder}: it has no result.json with its ranks. "coco train" writes them.`,
  );
}

/** What of the protocol may differ between runs that are set side by side. */
const own = ['configHash', 'seed', 'engine', 'codeVersion', 'data'];

/** @throws UsageError where the two do not rank the same targets among the same items */
function demandSameMeasure(first: StoredRun, other: StoredRun): void {
  const [a, b] = [first.result.protocol, other.result.protocol];
  const key = [...new Set([...Object.keys(a), ...Object.keys(b)])]
    .filter((name) => !own.includes(name))
    .find((name) => JSON.stringify(a[name]) !== JSON.stringify(b[name]));
  if (key === undefined) return;
  const say = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
  throw new UsageError(
    `${first.folder} and ${other.folder} cannot be compared: ` +
      (key === 'dataHash'
        ? `their data (${say(a.data)} and ${say(b.data)}) are not the same.`
        : `they differ in "${key}", ${say(a[key])} and ${say(b[key])}.`),
  );
}

/** In the order in which they come. @throws UsageError where a config has a seed twice */
function methodsOf(runs: readonly StoredRun[]): Method[] {
  const methods = new Map<string, Method>();
  for (const run of runs) {
    const keys = methodKeys(run.result.config);
    const id = JSON.stringify([...keys].sort(([a], [b]) => (a < b ? -1 : 1)));
    const method = methods.get(id) ?? { keys, runs: [] };
    const double = method.runs.find(({ seed }) => seed === run.seed);
    if (double) {
      throw new UsageError(
        `${double.folder} and ${run.folder} are of one config and one seed, ${run.seed}: leave one of them out.`,
      );
    }
    method.runs.push(run);
    methods.set(id, method);
  }
  return [...methods.values()];
}

/** @throws UsageError where there is none */
function sharedSeeds(methods: readonly Method[], names: readonly string[]): number[] {
  const seeds = methods.map(({ runs }) => runs.map(({ seed }) => seed).sort((a, b) => a - b));
  const shared = seeds[0].filter((seed) => seeds.every((list) => list.includes(seed)));
  if (shared.length > 0) return shared;
  const each = names.map((name, i) => `${name} has ${seeds[i].join(', ')}`);
  throw new UsageError(`Differences are paired by seed, and no seed is in all methods: ${each.join('; ')}.`);
}
