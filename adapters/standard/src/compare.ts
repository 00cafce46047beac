import { join } from 'node:path';
import { CocoError, type RunConfig, loadCheckpoint } from '@coco-rec/core';
import { type FusionVariant, folderName, readVariants } from './fusion-variants.js';
import { type PlainConfig, checkConfig } from './load-config.js';
import { NodeFileStore } from './node-ports.js';
import { type RecommenderOptions, createContext } from './recommender.js';
import type { RunResult } from './result.js';
import { configKey, runFiles, runOnce } from './run.js';
import { Session } from './session.js';
import { type ComparedVariant, type Comparison, type StoredRun, summarise } from './summarise-comparison.js';

export interface CompareOptions extends RecommenderOptions {
  /** `none,concat,mlp,coco`; see `readVariants`. Must hold `none` for differences to be told. */
  readonly fusions: string;
  /** Number of seeds, from the config's `seed` upwards. */
  readonly seeds: number;
}

/** A variant whose keys are right. */
interface CheckedVariant extends ComparedVariant {
  /** Its fusion has texts written. */
  readonly writes: boolean;
}

/**
 * Trains every fusion with every seed under one protocol (same data, loss, updates, early stopping, shared warm start)
 * and states paired differences. Finished runs are skipped; a stopped comparison goes on where it was.
 */
export async function compare(plain: PlainConfig, options: CompareOptions): Promise<Comparison> {
  const config = checkConfig(plain);
  const { registry, context, files } = createContext(config.output, options);
  const session = await Session.open(config, registry, context);
  try {
    const variants = readVariants(options.fusions, config).map((variant) => check(session, config, variant));
    const runs = new Map<string, StoredRun[]>(variants.map(({ name }) => [name, []]));
    let comparison: Comparison | undefined;
    for (let i = 0; i < options.seeds; i++) {
      for (const variant of variants) {
        const { kept, ...run } = await runVariant({ session, config, variant, seed: config.seed + i });
        runs.get(variant.name)?.push(run);
        // After each training, so that a stopped comparison can be read.
        comparison = kept ? undefined : await writeComparison(files, runs, variants);
      }
    }
    return comparison ?? (await writeComparison(files, runs, variants));
  } finally {
    session.dispose();
  }
}

async function writeComparison(
  files: NodeFileStore,
  runs: ReadonlyMap<string, StoredRun[]>,
  variants: readonly ComparedVariant[],
): Promise<Comparison> {
  const comparison = summarise(runs, variants);
  await files.write('comparison.json', `${JSON.stringify(comparison, null, 2)}\n`);
  return comparison;
}

/** A wrong key of the last variant should show before the first has trained for an hour. */
function check(session: Session, config: RunConfig, variant: FusionVariant): CheckedVariant {
  const units = session.check({ ...config, fusion: variant.setting });
  if ('kind' in units) return { ...variant, writes: false };
  const { fusion, fusionConfig, needs } = units;
  const { dataset, evaluated } = session.split;
  const users = fusion.knownUsers?.(fusionConfig, dataset);
  const known = users && placesOf(users, evaluated);
  return { ...variant, known, writes: needs.knowledge?.generate === true };
}

/** Places of users among those that are measured. */
function placesOf(users: readonly number[], evaluated: ArrayLike<number>): number[] {
  const wanted = new Set(users);
  return Array.from(evaluated, (user, place) => (wanted.has(user) ? place : -1)).filter(
    (place) => place >= 0,
  );
}

async function runVariant(input: {
  session: Session;
  config: RunConfig;
  variant: CheckedVariant;
  seed: number;
}): Promise<StoredRun & { readonly kept: boolean }> {
  const { session, variant, seed } = input;
  const { context } = session;
  const folder = join(input.config.output, folderName(variant.name), `seed-${seed}`);
  const { fusions: _others, writer, ...common } = input.config;
  // Who reads no written text is the same run with another writer.
  const own = variant.writes && writer ? { writer } : {};
  const config: RunConfig = { ...common, ...own, fusion: variant.setting, seed, output: folder };
  const files = new NodeFileStore(folder);
  const stored = await readStored(files, config);
  if (stored) {
    context.progress.log(`${variant.name}, seed ${seed}: already finished, kept.`);
    return { seed, folder, ...stored, kept: true };
  }
  context.progress.log(`${variant.name}, seed ${seed}: starting.`);
  const ranker = await session.createRanker(config, seed);
  try {
    const warmFiles = new NodeFileStore(join(input.config.output, 'warm', `seed-${seed}`));
    const result = await runOnce({ session, ranker, config, files, context, warmFiles });
    const ranks = (await readStored(files, config))?.ranks;
    if (!ranks) throw new CocoError(`The ranks of ${folder} cannot be read back.`);
    return { seed, folder, result, ranks, kept: false };
  } finally {
    ranker.dispose();
  }
}

async function readStored(
  files: NodeFileStore,
  config: RunConfig,
): Promise<{ result: RunResult; ranks: Int32Array } | undefined> {
  const bytes = await files.read(runFiles.result);
  const ranks = await loadCheckpoint(files, runFiles.ranks);
  if (!bytes || !ranks) return undefined;
  const result = JSON.parse(new TextDecoder().decode(bytes)) as RunResult;
  if (configKey(result.config) !== configKey(config)) return undefined; // `runOnce` will refuse the folder
  return { result, ranks: ranks.tensors.get('ranks')?.values as Int32Array };
}
