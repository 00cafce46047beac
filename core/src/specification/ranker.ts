import type { Split } from './dataset.js';
import type { FileStore, Progress } from './ports.js';

/** The best items of N histories, best first. */
export interface TopK {
  /** [N·k] item ids; 0 where fewer than k items are left. */
  readonly items: Int32Array;
  /** [N·k]; −Infinity beside an absent item. */
  readonly scores: Float32Array;
}

export interface RankOptions {
  /** Leave out the items of the history. Default false. */
  readonly removeSeen?: boolean;
  /**
   * [N] whose the histories are: indices in the data set, −1 for a user it does not know. Default: nobody is known. For
   * backbones that hold something of each user; none may use what is later than the history.
   */
  readonly users?: Int32Array;
  /**
   * [N] when the items of each history were taken, in seconds, NaN where that is not known; undefined: of a whole history.
   * Default: nothing is known. For backbones that read times.
   */
  readonly times?: readonly (ArrayLike<number> | undefined)[];
}

/** A file outside a saved model that the model is made from. */
export interface ExternalFile {
  readonly path: string;
  /** In bytes. */
  readonly size: number;
  /** SHA-256, as lower-case hexadecimal. */
  readonly sha256: string;
}

/** What `fit` is given besides the data. */
export interface FitContext {
  readonly progress: Progress;
  /** Aborted on Ctrl-C: the ranker saves what it has and throws `StoppedError`. */
  readonly signal?: AbortSignal;
  readonly seed: number;
  /** The run's folder, for metrics and checkpoints: a stopped `fit` goes on from there. Absent: nothing is kept. */
  readonly files?: FileStore;
  /** A folder where the warm start is shared by the fusions of one comparison. Default: the run's own. */
  readonly warmFiles?: FileStore;
}

/**
 * Anything that orders items for a history. Popularity, a reranking LLM and a fused backbone are all Rankers; `compare`
 * and `evaluate` take any.
 */
export interface Ranker {
  readonly specVersion: 'v1';
  readonly id: string;
  /** Files beside `state` that it was made from; a saved model is refused where they have changed. Default: none. */
  readonly externalFiles?: readonly ExternalFile[];
  /** Its state belongs to the items' attributes by number. Default: false. */
  readonly readsAttributes?: boolean;
  /** @returns a record for the result file: epochs, best epoch, seconds, … */
  fit(split: Split, context: FitContext): Promise<Record<string, unknown>>;
  /** @param histories item ids, oldest first; users never seen before work, an empty history too. */
  topK(histories: readonly Int32Array[], k: number, options?: RankOptions): Promise<TopK>;
  /**
   * Whether it can say anything of a user after so many interactions; what it ranks else is in no order of preference.
   * @param user index in the data set, −1: nobody in particular. Absent: it can of anybody
   */
  knows?(user: number, interactions: number): boolean;
  /**
   * Rank of each target among all items, from 1; ties count against the target. A ranker that cannot score every item
   * leaves this out; its rank is then read off `topK`.
   */
  ranks?(histories: readonly Int32Array[], targets: Int32Array, options?: RankOptions): Promise<Int32Array>;
  /** Named arrays from which `restore` makes the same ranker again. */
  state(): Promise<Map<string, NamedArray>>;
  restore(state: ReadonlyMap<string, NamedArray>): Promise<void>;
  dispose(): void;
}

/** A tensor's content outside the engine. */
export interface NamedArray {
  readonly shape: readonly number[];
  readonly values: Float32Array | Int32Array;
}
