import { join } from 'node:path';
import {
  CocoError,
  type PairedDifference,
  type RunConfig,
  holm,
  loadCheckpoint,
  ndcgAt,
  pairedDifference,
  type Metrics,
} from '@coco-rec/core';
import { type FusionVariant, controlsOf, folderName, readVariants } from './fusion-variants.js';
import { type PlainConfig, checkConfig } from './load-config.js';
import { NodeFileStore } from './node-ports.js';
import { type RecommenderOptions, createContext } from './recommender.js';
import type { RunResult } from './result.js';
import { configKey, runFiles, runOnce } from './run.js';
import { Session } from './session.js';

export interface CompareOptions extends RecommenderOptions {
  /** `none,concat,mlp,coco`; see `readVariants`. Must hold `none` for differences to be told. */
  readonly fusions: string;
  /** Number of seeds, from the config's `seed` upwards. */
  readonly seeds: number;
}

export interface ComparedMethod {
  readonly name: string;
  /** Mean over seeds of each test metric. */
  readonly mean: Metrics;
  readonly validation: Metrics;
  readonly seconds: number;
  /** Against `none`, by metric; absent for `none` itself. p is Holm-corrected over the methods in `pHolm`. */
  readonly difference?: Readonly<Record<string, PairedDifference & { pHolm: number }>>;
  /** Against `text`, where it was run. */
  readonly differenceToText?: Readonly<Record<string, PairedDifference>>;
  /** Against its own controls that were run (same keys and a `control`), by their names. */
  readonly differenceToControls?: Readonly<Record<string, Readonly<Record<string, PairedDifference>>>>;
  readonly runs: readonly { readonly seed: number; readonly folder: string; readonly result: RunResult }[];
}

/** What `coco compare` writes as comparison.json. */
export interface Comparison {
  readonly protocol: Readonly<Record<string, unknown>>;
  readonly seeds: number;
  /** Three seeds are "preliminary", five make a result. */
  readonly standing: 'preliminary' | 'result';
  readonly methods: readonly ComparedMethod[];
}

interface StoredRun {
  readonly seed: number;
  readonly folder: string;
  readonly result: RunResult;
  readonly ranks: Int32Array;
}

const comparedMetrics: Readonly<Record<string, (rank: number) => number>> = {
  'recall@5': (rank) => (rank <= 5 ? 1 : 0),
  'ndcg@5': (rank) => ndcgAt(rank, 5),
};

/**
 * Trains every fusion with every seed under one protocol (same data, loss, updates, early stopping, shared warm start)
 * and states paired differences. Finished runs are skipped; a stopped comparison goes on where it was.
 */
export async function compare(plain: PlainConfig, options: CompareOptions): Promise<Comparison> {
  const config = checkConfig(plain);
  const variants = readVariants(options.fusions, config.fusion);
  const { registry, context, files } = createContext(config.output, options);
  const session = await Session.open(config, registry, context);
  try {
    for (const variant of variants) await dryRun(session, config, variant);
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
  variants: readonly FusionVariant[],
): Promise<Comparison> {
  const comparison = summarise(runs, variants);
  await files.write('comparison.json', `${JSON.stringify(comparison, null, 2)}\n`);
  return comparison;
}

/** A wrong key of the last variant should show before the first has trained for an hour. */
async function dryRun(session: Session, config: RunConfig, { setting }: FusionVariant): Promise<void> {
  session.check({ ...config, fusion: setting });
}

async function runVariant(input: {
  session: Session;
  config: RunConfig;
  variant: FusionVariant;
  seed: number;
}): Promise<StoredRun & { readonly kept: boolean }> {
  const { session, variant, seed } = input;
  const { context } = session;
  const folder = join(input.config.output, folderName(variant.name), `seed-${seed}`);
  const config: RunConfig = { ...input.config, fusion: variant.setting, seed, output: folder };
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

function summarise(runs: ReadonlyMap<string, StoredRun[]>, variants: readonly FusionVariant[]): Comparison {
  const finished = [...runs].filter(([, list]) => list.length > 0);
  const baseline = runs.get('none');
  const text = runs.get('text');
  const methods = finished.map(([name, list]) => ({
    ...describe(name, list),
    difference: name !== 'none' && baseline?.length ? differences(list, baseline) : undefined,
    differenceToText: !['none', 'text'].includes(name) && text?.length ? differences(list, text) : undefined,
    differenceToControls: differencesToControls(name, list, runs, variants),
  }));
  const seeds = Math.min(...finished.map(([, list]) => list.length));
  const standing = seeds >= 5 ? 'result' : 'preliminary';
  const { seed: _seed, configHash: _hash, ...protocol } = finished[0][1][0].result.protocol;
  return { protocol, seeds, standing, methods: withHolm(methods) };
}

function describe(name: string, list: readonly StoredRun[]): ComparedMethod {
  const meanOf = (pick: (result: RunResult) => Metrics): Metrics => {
    const keys = Object.keys(pick(list[0].result));
    const mean = (key: string): number =>
      list.reduce((sum, { result }) => sum + pick(result)[key], 0) / list.length;
    return Object.fromEntries(keys.map((key) => [key, mean(key)]));
  };
  return {
    name,
    mean: meanOf(({ test }) => test),
    validation: meanOf(({ validation }) => validation),
    seconds: list.reduce((sum, { result }) => sum + result.seconds, 0) / list.length,
    runs: list.map(({ seed, folder, result }) => ({ seed, folder, result })),
  };
}

function differences(
  list: readonly StoredRun[],
  baseline: readonly StoredRun[],
): Record<string, PairedDifference & { pHolm: number }> {
  const shared = list.filter(({ seed }) => baseline.some((other) => other.seed === seed));
  const entries = Object.entries(comparedMetrics).map(([metric, value]) => {
    const of = (run: StoredRun): Float64Array => Float64Array.from(run.ranks, value);
    const partners = shared.map(({ seed }) => baseline.find((other) => other.seed === seed) as StoredRun);
    const found = pairedDifference(shared.map(of), partners.map(of));
    return [metric, { ...found, pHolm: found.p }] as const;
  });
  return Object.fromEntries(entries);
}

function differencesToControls(
  name: string,
  list: readonly StoredRun[],
  runs: ReadonlyMap<string, StoredRun[]>,
  variants: readonly FusionVariant[],
): ComparedMethod['differenceToControls'] {
  const finished = controlsOf(name, variants).flatMap((control) => {
    const own = runs.get(control);
    return own?.length ? [[control, differences(list, own)] as const] : [];
  });
  return finished.length > 0 ? Object.fromEntries(finished) : undefined;
}

function withHolm(methods: readonly ComparedMethod[]): ComparedMethod[] {
  const compared = methods.filter(({ difference }) => difference);
  for (const metric of Object.keys(comparedMetrics)) {
    const adjusted = holm(compared.map(({ difference }) => difference?.[metric].p ?? 1));
    compared.forEach(({ difference }, i) => {
      if (difference) (difference[metric] as { pHolm: number }).pHolm = adjusted[i];
    });
  }
  return [...methods];
}
