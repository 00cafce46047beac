import { join } from 'node:path';
import { CocoError, type RunConfig, UsageError } from '@coco-rec/core';
import { type FusionVariant, folderName, readVariants } from './fusion-variants.js';
import { type PlainConfig, checkConfig } from './load-config.js';
import { NodeFileStore } from './node-ports.js';
import { type RecommenderOptions, createContext } from './recommender.js';
import { configKey, runOnce, timed, warmKey } from './run.js';
import { Session } from './session.js';
import { type RunTask, runSideBySide } from './side-by-side.js';
import { splitHash, tellSplit } from './split-data.js';
import { type StoredRun, readStoredRun } from './stored-run.js';
import { type ComparedVariant, type Comparison, summarise } from './summarise-comparison.js';

export interface CompareOptions extends RecommenderOptions {
  /** `none,concat,mlp,coco`; see `readVariants`. Must hold `none` for differences to be told. */
  readonly fusions: string;
  /** Number of seeds, from the config's `seed` upwards. */
  readonly seeds: number;
  /**
   * Runs that are trained at a time, each in a process of its own with its share of the threads. Default 1, in this
   * process. Not with `units` of your own, which another process does not know.
   */
  readonly jobs?: number;
}

/** A variant whose keys are right. */
interface CheckedVariant extends ComparedVariant {
  /** Its fusion has texts written. */
  readonly writes: boolean;
}

/** A run of a variant, and where it is kept. */
interface VariantRun extends RunTask {
  readonly variant: string;
  readonly seed: number;
  readonly folder: string;
}

/**
 * Trains every fusion with every seed under one protocol (same data, loss, updates, early stopping, shared warm start)
 * and states paired differences. Finished runs are skipped; a stopped comparison goes on where it was.
 */
export async function compare(plain: PlainConfig, options: CompareOptions): Promise<Comparison> {
  const { seeds, jobs = 1, units = [] } = options;
  if (jobs > 1 && units.length > 0) {
    throw new UsageError(
      'Runs side by side are processes of their own, which do not know your "units": take "jobs: 1".',
    );
  }
  const config = checkConfig(plain);
  const { registry, context, files } = createContext(config.output, options);
  const session = await Session.open(config, registry, context);
  try {
    const variants = readVariants(options.fusions, config).map((variant) => check(session, config, variant));
    const found = new Map<string, StoredRun[]>(variants.map(({ name }) => [name, []]));
    const open: VariantRun[] = [];
    for (const run of runsOf(session, config, variants, seeds)) {
      const stored = await readStored(run);
      if (stored) found.get(run.variant)?.push(stored);
      else open.push(run);
      if (stored) context.progress.log(`${run.name}: already finished, kept.`);
    }
    if (open.length > 0) tellSplit(session.split, context.progress);
    let comparison: Comparison | undefined;
    // After each training, so that a stopped comparison can be read.
    const enter = async (run: VariantRun): Promise<void> => {
      const list = found.get(run.variant);
      list?.push(await readBack(run));
      list?.sort((a, b) => a.seed - b.seed);
      comparison = await writeComparison(files, found, variants);
    };
    if (jobs > 1) await runSideBySide(open, { jobs, ...context, onDone: enter });
    else for (const run of open) await train(session, run).then(() => enter(run));
    return comparison ?? (await writeComparison(files, found, variants));
  } finally {
    session.dispose();
  }
}

/** Seed by seed, in the order of the variants. */
function runsOf(
  { context, split }: Session,
  config: RunConfig,
  variants: readonly CheckedVariant[],
  seeds: number,
): VariantRun[] {
  const { fusions: _others, writer, ...common } = config;
  return Array.from({ length: seeds }, (_, i) => config.seed + i).flatMap((seed) =>
    variants.map(({ name: variant, setting, writes }) => {
      const folder = join(config.output, folderName(variant), `seed-${seed}`);
      // Who reads no written text is the same run with another writer.
      const own = { ...common, ...(writes && writer && { writer }), fusion: setting, seed, output: folder };
      // By content: a warm start of another config or other data is never taken for this one.
      const key = context.hasher
        .sha256(warmKey({ ...config, seed }, splitHash(split, context.hasher), split.dataset.sideHash))
        .slice(0, 12);
      const warmFolder = join(config.output, 'warm', `seed-${seed}-${key}`);
      return { name: `${variant}, seed ${seed}`, variant, seed, folder, config: own, warmFolder };
    }),
  );
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

/** A wrong key of the last variant, or a model that is not there, should show before the first has trained for an hour. */
function check(session: Session, config: RunConfig, variant: FusionVariant): CheckedVariant {
  const units = session.check({ ...config, fusion: variant.setting });
  if ('kind' in units) return { ...variant, writes: false };
  const { fusion, fusionConfig, needs } = units;
  session.checkModels(units, config);
  const users = fusion.knownUsers?.(fusionConfig, session.split);
  const known = users && placesOf(users, session.split.test.users);
  return { ...variant, known, writes: needs.knowledge?.generate === true };
}

/** Places of users among those that are measured. */
function placesOf(users: readonly number[], evaluated: ArrayLike<number>): number[] {
  const wanted = new Set(users);
  return Array.from(evaluated, (user, place) => (wanted.has(user) ? place : -1)).filter(
    (place) => place >= 0,
  );
}

async function train(
  session: Session,
  { name, config, seed, folder, warmFolder }: VariantRun,
): Promise<void> {
  const { context } = session;
  context.progress.log(`${name}: starting.`);
  const { value: ranker, seconds: prepareSeconds } = await timed(() => session.createRanker(config, seed));
  try {
    const files = new NodeFileStore(folder);
    const warmFiles = new NodeFileStore(warmFolder);
    await runOnce({ session, ranker, config, files, context, prepareSeconds, warmFiles });
  } finally {
    ranker.dispose();
  }
}

async function readBack(run: VariantRun): Promise<StoredRun> {
  const stored = await readStored(run);
  if (!stored) throw new CocoError(`The result of ${run.folder} cannot be read back.`);
  return stored;
}

/** Undefined too where the folder holds another run: `runOnce` will refuse it. */
async function readStored({ config, folder }: VariantRun): Promise<StoredRun | undefined> {
  const stored = await readStoredRun(folder);
  return stored && configKey(stored.result.config) === configKey(config) ? stored : undefined;
}
