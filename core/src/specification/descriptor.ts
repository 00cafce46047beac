import type { BackboneCapabilities, FusionNeeds, KnowledgeCapabilities } from './capabilities.js';
import type { Backbone } from './backbone.js';
import type { FusionStrategy } from './fusion-strategy.js';
import type { KnowledgeLLM } from './knowledge-llm.js';
import type { Ranker } from './ranker.js';
import type { FileStore, Hasher, KnowledgeStore, Progress, SpendLedger, TextStore } from './ports.js';
import type { Dataset, TrainingPart } from './dataset.js';

/** What every registered unit says of itself. `coco list`, config checks, tests and reference pages derive from it. */
export interface Descriptor<Config extends object> {
  readonly id: string;
  readonly specVersion: 'v1';
  /** One line for `coco list`. */
  readonly summary: string;
  /** Where it comes from; absent for units that are not from the literature. */
  readonly paper?: string;
  /** Config class (class-validator); its field initialisers are the defaults. */
  readonly config: new () => Config;
}

export interface BackboneDescriptor<Config extends object = object> extends Descriptor<Config> {
  readonly kind: 'backbone';
  /** Of the default config; by config a backbone may need less of the data, attributes and timestamps. */
  readonly capabilities: BackboneCapabilities;
  /** True: with this config it reads vectors of the items' texts (`BackboneContext.texts`), so that the run needs `knowledge`. */
  readsTexts?(config: Config): boolean;
  create(config: Config): Backbone;
}

/** A recommender without fusion: named where a backbone is named. */
export interface RankerDescriptor<Config extends object = object> extends Descriptor<Config> {
  readonly kind: 'ranker';
  /** @throws UsageError if the data lack what it needs */
  create(config: Config, dataset: Dataset): Ranker;
}

export interface FusionDescriptor<Config extends object = object> extends Descriptor<Config> {
  readonly kind: 'fusion';
  needs(config: Config): FusionNeeds;
  /** Keys that this fusion changes in the section `knowledge`, such as random weights for a control. */
  knowledgeKeys?(config: Config): Readonly<Record<string, unknown>>;
  /**
   * Rows of the users of whom the fusion knows something, where its config limits them: a comparison tells figures on
   * them too. Absent or undefined: no such limit.
   */
  knownUsers?(config: Config, training: TrainingPart): readonly number[] | undefined;
  create(config: Config): FusionStrategy;
}

/** What adapters of the outside world are given. Paths in a config are relative to the working folder. */
export interface AdapterContext {
  readonly progress: Progress;
  readonly hasher: Hasher;
  readonly files: FileStore;
  readonly knowledge?: KnowledgeStore;
  readonly texts?: TextStore;
  /** LoRA weights of tuned language models, by content. Default: they are forgotten with the process. */
  readonly tunings?: FileStore;
  /** Default: what is spent is forgotten with the process. */
  readonly spend?: SpendLedger;
  readonly signal?: AbortSignal;
}

export interface KnowledgeDescriptor<Config extends object = object> extends Descriptor<Config> {
  readonly kind: 'knowledge';
  readonly capabilities: KnowledgeCapabilities;
  /**
   * Looks at what the config names, in no time to speak of, so that a comparison complains before it trains for an hour.
   * @throws CocoError where `create` would: a model that is missing, unreadable or too small for the keys
   */
  check?(config: Config): void;
  create(config: Config, context: AdapterContext): Promise<KnowledgeLLM>;
}

export interface DataDescriptor<Config extends object = object> extends Descriptor<Config> {
  readonly kind: 'data';
  load(config: Config, context: AdapterContext): Promise<Dataset>;
}

/** What an engine would do here, for `coco engine status`. */
export interface EngineStatus {
  readonly available: boolean;
  /** Version and place if available, else why not and what would help. */
  readonly detail: string;
}

export interface EngineDescriptor<Config extends object = object> extends Descriptor<Config> {
  readonly kind: 'engine';
  /** `auto` takes the available engine with the highest preference. */
  readonly preference: number;
  status(): Promise<EngineStatus>;
  /** Makes it tfjs's backend. @returns name, version and threads, for the result file. */
  start(): Promise<string>;
}

export type UnitDescriptor =
  | BackboneDescriptor
  | RankerDescriptor
  | FusionDescriptor
  | KnowledgeDescriptor
  | DataDescriptor
  | EngineDescriptor;

export type UnitKind = UnitDescriptor['kind'];
