import type { Registry } from '@coco-rec/core';
import {
  type AdapterContext,
  CocoError,
  type Metrics,
  type Progress,
  type Ranker,
  type RunConfig,
  type SplitRule,
  type Strings,
  type UnitDescriptor,
  UsageError,
  createContainer,
  demandGivenSeconds,
  evaluateRanker,
  knownTimes,
  nearestName,
  tokens,
} from '@coco-rec/core';
import { FileKnowledgeStore, FileSpendLedger, FileTextStore, tuningFolder } from '@coco-rec/llm';
import { demandSameFiles, demandUnchangedFiles } from './external-files.js';
import { type PlainConfig, checkConfig } from './load-config.js';
import { NodeFileStore, nodeHasher, silentProgress } from './node-ports.js';
import { builtInUnits } from './register-all.js';
import type { RunResult } from './result.js';
import { runOnce, timed } from './run.js';
import { reachedAnew } from './reached-anew.js';
import { demandSameItems, readModel, saveModel } from './saved-model.js';
import { fileFinder, withFoundFiles } from './saved-paths.js';
import { Session } from './session.js';
import { demandHeldOut, tellSplit } from './split-data.js';

export interface RecommenderOptions {
  /** Where long work reports to. Default: nowhere. */
  readonly progress?: Progress;
  /** Aborting it stops `fit` after the current step, with a checkpoint. */
  readonly signal?: AbortSignal;
  /** Your own units beside the built-in ones. */
  readonly units?: readonly UnitDescriptor[];
}

export interface Recommendation {
  /** Raw item id. */
  readonly item: string;
  readonly score: number;
}

/** Builds the container and hands out what the front door needs of it. */
export function createContext(
  output: string,
  options: RecommenderOptions = {},
): { registry: Registry; context: AdapterContext; files: NodeFileStore } {
  const files = new NodeFileStore(output);
  const container = createContainer([...builtInUnits, ...(options.units ?? [])], {
    files,
    hasher: nodeHasher,
    progress: options.progress ?? silentProgress,
    knowledgeStore: new FileKnowledgeStore(),
    textStore: new FileTextStore(),
    tunings: new NodeFileStore(tuningFolder()),
    spendLedger: new FileSpendLedger(),
  });
  const context: AdapterContext = {
    files,
    hasher: container.get(tokens.hasher),
    progress: container.get(tokens.progress),
    knowledge: container.get(tokens.knowledgeStore),
    texts: container.get(tokens.textStore),
    tunings: container.get(tokens.tunings),
    spend: container.get(tokens.spendLedger),
    signal: options.signal,
  };
  return { registry: container.get(tokens.registry), context, files };
}

/** The front door for programs: one recommender by config. Data and models are loaded on first use. */
export class Recommender {
  readonly config: RunConfig;
  private readonly registry: Registry;
  private readonly context: AdapterContext;
  private readonly files: NodeFileStore;
  private session?: Session;
  private ranker?: Ranker;
  private isFitted = false;
  /** How the data were split when its weights were trained. */
  private trainedBy?: SplitRule;

  constructor(plain: PlainConfig, options: RecommenderOptions = {}) {
    this.config = checkConfig(plain);
    ({
      registry: this.registry,
      context: this.context,
      files: this.files,
    } = createContext(this.config.output, options));
  }

  /**
   * Trains, or goes on where a stopped training was, then measures. Writes the run folder `output`: config, metrics
   * (JSON Lines), checkpoint, model, result.json.
   * @throws UsageError if `output` holds a run of another config; StoppedError when stopped by the signal.
   */
  async fit(): Promise<RunResult> {
    const { value, seconds: prepareSeconds } = await timed(() => this.open());
    const { ranker, session } = value;
    tellSplit(session.split, this.context.progress);
    const result = await runOnce({
      session,
      ranker,
      config: this.config,
      files: this.files,
      context: this.context,
      prepareSeconds,
    });
    this.isFitted = true;
    this.trainedBy = session.split.rule;
    return result;
  }

  /**
   * Metrics of the fitted model on the held-out test (or validation) items.
   * @throws UsageError if it was trained by another split and may have seen them
   */
  async evaluate(target: 'test' | 'validation' = 'test'): Promise<Metrics> {
    const { ranker, session } = await this.openFitted();
    if (this.trainedBy) demandHeldOut(this.trainedBy, session.split.rule);
    const { topK, filter } = this.config.evaluate;
    const options = { target, cutoffs: topK, removeSeen: filter === 'seen', coverage: true } as const;
    const { progress, signal } = this.context;
    return (await evaluateRanker(ranker, session.split, { ...options, progress, signal })).metrics;
  }

  /**
   * The k best items for each history. Users need not be known; unknown items are skipped, an empty history gets the
   * model's answer to no history.
   * @param histories raw item ids, oldest first
   * @param options.removeSeen leave out items of the history; default: as `evaluate.filter` says
   * @param options.times when the items of each history were taken, in seconds, for a backbone that reads times. Default: as
   *   the data tells of `users`, else not known.
   * @param options.users raw ids of the users, one for each history (undefined: nobody in particular), for a backbone that
   *   holds something of each user
   */
  async recommend(
    histories: readonly (readonly string[])[],
    k = 10,
    options: {
      removeSeen?: boolean;
      users?: readonly (string | undefined)[];
      times?: readonly (readonly number[] | undefined)[];
    } = {},
  ): Promise<Recommendation[][]> {
    const { ranker, session } = await this.openFitted();
    const { dataset } = session.split;
    const { items, users: names } = dataset;
    const users =
      options.users &&
      Int32Array.from(options.users, (raw) => (raw === undefined ? -1 : (names.indexOf(raw) ?? -1)));
    const known = histories.map((history) => knownItems(history, items));
    const times = known.map(({ ids, places }, n) => {
      const own = options.times?.[n];
      if (own) demandGivenSeconds(own, dataset);
      return own ? places.map((place) => own[place] ?? NaN) : knownTimes(dataset, users?.[n] ?? -1, ids);
    });
    const strangers = known.filter(({ ids }, n) => ranker.knows?.(users?.[n] ?? -1, ids.length) === false);
    if (strangers.length > 0) {
      this.context.progress.log(
        `The model has nothing to go by for ${strangers.length} of ${known.length}: their items are in no order of preference. ` +
          'It knows users of the data by what it holds of them, such as vectors.',
      );
    }
    const removeSeen = options.removeSeen ?? this.config.evaluate.filter === 'seen';
    const best = await ranker.topK(
      known.map(({ ids }) => ids),
      k,
      { removeSeen, users, times },
    );
    return histories.map((_, n) =>
      Array.from(best.items.subarray(n * k, (n + 1) * k), (item, i) => ({ item, i }))
        .filter(({ item }) => item > 0)
        .map(({ item, i }) => ({ item: items.get(item), score: best.scores[n * k + i] })),
    );
  }

  /**
   * The whole histories of users of the data set, as `recommend` takes them.
   * @param users raw ids @throws UsageError for one that the data set lacks, with the nearest that it has
   */
  async historiesOf(users: readonly string[]): Promise<string[][]> {
    const { offsets, sequence, items, users: names } = (await this.split()).dataset;
    return users.map((raw) => {
      const user = names.indexOf(raw);
      if (user === undefined) throw unknownUser(raw, names);
      return Array.from(sequence.subarray(offsets[user], offsets[user + 1]), (item) => items.get(item));
    });
  }

  /** Writes the fitted model to a folder: config and weights. */
  async save(folder: string): Promise<void> {
    const { ranker, session } = await this.openFitted();
    await saveModel(new NodeFileStore(folder), ranker, this.config, session);
  }

  /**
   * Takes the weights of a folder that `save` or `fit` wrote. The config must build the same model.
   * @throws CocoError if it was trained on other items, or made from other files
   */
  async load(folder: string): Promise<this> {
    const { ranker, session } = await this.open();
    const saved = await readModel(new NodeFileStore(folder));
    demandSameItems(folder, saved.info, ranker, session);
    demandSameFiles(`The model in ${folder}`, saved.info.externalFiles ?? [], ranker.externalFiles ?? []);
    await ranker.restore(saved.tensors);
    this.isFitted = true;
    this.trainedBy = saved.info.splitRule ?? { kind: 'leave-one-out' };
    return this;
  }

  /** The data, split; for programs that look at it. */
  async split(): Promise<Session['split']> {
    return (await this.open()).session.split;
  }

  /** Frees engine memory. */
  dispose(): void {
    this.ranker?.dispose();
    this.session?.dispose();
    this.ranker = undefined;
    this.session = undefined;
  }

  private async open(): Promise<{ ranker: Ranker; session: Session }> {
    this.session ??= await Session.open(this.config, this.registry, this.context);
    this.ranker ??= await this.session.createRanker(this.config, this.config.seed);
    return { ranker: this.ranker, session: this.session };
  }

  private async openFitted(): Promise<{ ranker: Ranker; session: Session }> {
    if (!this.isFitted)
      throw new CocoError('This recommender has no trained weights yet: call fit() or load() first.');
    return this.open();
  }
}

/** The items of a history that the data has, and their places in it. */
function knownItems(history: readonly string[], items: Strings): { ids: Int32Array; places: number[] } {
  const all = history.map((raw) => items.indexOf(raw) ?? 0);
  const places = [...all.keys()].filter((place) => all[place] > 0);
  return { ids: Int32Array.from(places, (place) => all[place]), places };
}

function unknownUser(raw: string, names: Strings): UsageError {
  const near = nearestName(
    raw,
    Array.from({ length: names.length }, (_, user) => names.get(user)),
  );
  const hint = near === undefined ? '' : `; did you mean ${JSON.stringify(near)}?`;
  return new UsageError(`The data have no user ${JSON.stringify(raw)}${hint || '.'}`);
}

/** Makes a recommender from a config (the keys of a config file). @throws UsageError if the config is wrong. */
export function createRecommender(config: PlainConfig, options: RecommenderOptions = {}): Recommender {
  return new Recommender(config, options);
}

/**
 * Makes the recommender that a run folder or `save` holds, with its weights. Its config's relative paths are taken as they
 * were when it was trained, from whatever working directory it is loaded.
 * @param options.set keys set anew, "backbone.url=https://…": those that say how something outside is reached
 * @throws CocoError where there is none, or a file that it needs besides has changed or is missing
 */
export async function loadRecommender(
  folder: string,
  { set = [], ...options }: RecommenderOptions & { readonly set?: readonly string[] } = {},
): Promise<Recommender> {
  const { info } = await readModel(new NodeFileStore(folder));
  const owner = `The model in ${folder}`;
  const find = fileFinder(info.workingFolder);
  const { externalFiles = [] } = info;
  await demandUnchangedFiles(
    owner,
    externalFiles.map((file) => ({ ...file, path: find(file.path) })),
  );
  const { registry } = createContext(folder, options);
  const config = withFoundFiles(owner, reachedAnew(info.config, set, registry), registry, find);
  return createRecommender(config as unknown as PlainConfig, options).load(folder);
}
