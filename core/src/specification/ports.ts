/** Ports: what the core needs of the outside world. Files, processes and sockets are adapters' business. */

/** Files by name below one root. Writes are atomic: a reader sees the old content or the new one, never a part. */
export interface FileStore {
  read(path: string): Promise<Uint8Array | undefined>;
  write(path: string, content: Uint8Array | string): Promise<void>;
  /** Adds a line at the end of a text file. */
  append(path: string, line: string): Promise<void>;
  list(folder: string): Promise<string[]>;
  remove(path: string): Promise<void>;
}

/** Vectors kept between runs, keyed by content. */
export interface KnowledgeStore {
  /** @returns for each key its vector, or undefined where it is not stored. */
  get(keys: readonly string[], dimension: number): Promise<(Float32Array | undefined)[]>;
  put(keys: readonly string[], vectors: readonly Float32Array[]): Promise<void>;
}

/** What is kept of one answer: the text, or why there is none, and where it came from. */
export interface StoredText {
  readonly key: string;
  /** Absent where every try failed. */
  readonly text?: string;
  /** Why there is no text. */
  readonly failure?: string;
  /** `empty`: the answer had no word. Records of older versions tell it by `failure` alone: see `isEmptyAnswer`. */
  readonly failureKind?: 'empty';
  /** Template and version, "kar-preference 1". */
  readonly template: string;
  /** Id of the language model. */
  readonly model: string;
  /** What was shown in the prompt: the first of its askers, where several have the same prompt. */
  readonly shown: Provenance;
  /** What is odd about it: "echo" repeats the instructions. */
  readonly flags: readonly string[];
  readonly promptTokens: number;
  readonly answerTokens: number;
  /** In US dollars, with all tries that failed before. */
  readonly cost: number;
}

/** Which data a prompt shows. */
export interface Provenance {
  /** Raw user id. */
  readonly user?: string;
  /** The user's interactions that were shown are among the first this many. */
  readonly shownUntil?: number;
  /** Raw item id. */
  readonly item?: string;
  /** Another user, by whom the first is compared. */
  readonly beside?: { readonly user: string; readonly shownUntil: number };
}

/** Generated texts kept between runs, keyed by content. The last record of a key counts. */
export interface TextStore {
  get(keys: readonly string[]): Promise<(StoredText | undefined)[]>;
  /** Kept at once: what was put is there after any crash. */
  put(record: StoredText): Promise<void>;
}

/** What an account has paid, in US dollars. */
export interface Spent {
  readonly cost: number;
  /** That cost something. */
  readonly requests: number;
}

/**
 * What services were paid, over all starts that share it. Synchronous, so that nothing comes between looking and noting.
 */
export interface SpendLedger {
  /** A request that is not settled, in whatever process, counts at its worst. */
  spent(account: string): Spent;
  /**
   * Notes a request before it is sent, for good.
   * @param most what all requests of the account may have cost with this one, by whatever processes. Default: no limit
   * @returns notes what it cost after all, 0 where it was not charged; undefined: there was no room below `most`
   */
  begin(account: string, worst: number): (cost: number) => void;
  begin(account: string, worst: number, most: number | undefined): ((cost: number) => void) | undefined;
}

/** A content hash, as lower-case hexadecimal SHA-256. */
export interface Hasher {
  sha256(content: Uint8Array | string): string;
}

/** Time in milliseconds, never going back. */
export interface Clock {
  now(): number;
}

/** Exchanges gradients between processes. The default is one process. */
export interface Collective {
  readonly rank: number;
  readonly size: number;
  /** Sums `values` over all processes, in place. */
  sum(values: Float32Array): Promise<void>;
}

/** Where long work reports to. A terminal shows bars, anything else plain lines. */
export interface Progress {
  /** Starts or moves the task `name`; `done` of `total`; `note` is a short word on the state ("loss 6.81"). */
  report(name: string, done: number, total: number, note?: string): void;
  /** A line of information. */
  log(line: string): void;
}
