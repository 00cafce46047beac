import type { Ranker } from './ranker.js';

/** Strings by index, without an object per string. */
export interface Strings {
  readonly length: number;
  get(index: number): string;
  /** @returns the index of the first equal string, or undefined. */
  indexOf(text: string): number | undefined;
}

/** What a reader of files counted and left out, for `data inspect` and the result file. */
export interface ImportReport {
  /** Counts by plain name: "lines", "duplicate interactions", "unknown items in the titles file", … */
  readonly counts: Readonly<Record<string, number>>;
  /** One sentence each. */
  readonly warnings: readonly string[];
}

/** Ragged attributes: those of item i are values[offsets[i]..offsets[i+1]]; ids from 1, in the order of their names. */
export interface ItemAttributes {
  readonly offsets: Int32Array;
  readonly values: Int32Array;
  /** Number of distinct attributes. */
  readonly count: number;
  /** SHA-256 of their names in order: weights that belong to attributes fit one list of names only. Absent: not known. */
  readonly namesHash?: string;
}

/** Whole numbers from 0 to 2^32 - 1, such as Unix seconds, take half the memory. */
export type Times = Uint32Array | Float64Array;

/**
 * Interactions in typed arrays, sorted by user and time (ties keep file order). Items are 1..V, 0 is padding.
 * The history of user u is sequence[offsets[u]..offsets[u+1]].
 */
export interface Dataset {
  readonly name: string;
  readonly userCount: number;
  /** V, without padding. */
  readonly itemCount: number;
  readonly offsets: Int32Array;
  readonly sequence: Int32Array;
  /** Beside `sequence`; absent where the source has none. */
  readonly times?: Times;
  /** False where times are only ranks within a user, so that a global time split is meaningless. */
  readonly realTimes: boolean;
  /** Raw user ids by index. */
  readonly users: Strings;
  /** Raw item ids by index; index 0 is ''. */
  readonly items: Strings;
  /** Cleaned item texts by index; '' where there is none. Absent without a text column. */
  readonly texts?: Strings;
  readonly attributes?: ItemAttributes;
  readonly report: ImportReport;
  /** SHA-256 of interactions, ids and texts. */
  readonly hash: string;
  /** SHA-256 of what `hash` has not: the items' attributes, and real times. Absent: there are none, or it is not known. */
  readonly sideHash?: string;
  /** For simulated data: the Bayes predictor given the observed history only. */
  readonly oracle?: Ranker;
}

/** What training may read of the data: the first interactions of each user, and nothing after them. */
export interface TrainingPart {
  readonly dataset: Dataset;
  /** [U] number of training interactions of each user. */
  readonly trainLengths: Int32Array;
}

/**
 * By what rule interactions are held out. `leave-one-out`: of each user the last is for test, the last but one for
 * validation. `global-time`: of all users alike, those from `validationFrom` on, and from `testFrom` on; both as the data
 * tells times.
 */
export type SplitRule =
  | { readonly kind: 'leave-one-out' }
  | { readonly kind: 'global-time'; readonly validationFrom: number; readonly testFrom: number };

/** The targets of validation or of test: one item each of some users. */
export interface HeldOut {
  /** Users with a target, in rising order. */
  readonly users: Int32Array;
  /** [U] how many interactions come before the target: the history. Of users without a target it says nothing. */
  readonly historyLengths: Int32Array;
  /** Users left out as there is no target of theirs. */
  readonly withoutTarget: number;
  /** Users left out as nothing comes before their target. */
  readonly withoutHistory: number;
}

/** Training, validation and test part of a data set. */
export interface Split extends TrainingPart {
  readonly rule: SplitRule;
  readonly validation: HeldOut;
  readonly test: HeldOut;
}
