import { CocoError } from '../errors.js';

/** One law about a unit. Hand it to any test framework: `it(check.name, check.run)`. */
export interface Check {
  readonly name: string;
  /** @throws CocoError saying how the law is broken. */
  readonly run: () => Promise<void>;
  /** Why the law does not apply; `run` is then not to be called. */
  readonly skip?: string;
}

/** A law by name, before it is known whether it is skipped. */
export interface Law {
  readonly name: string;
  readonly run: () => Promise<void>;
  /** A reason found in the unit's capabilities; undefined: the law applies. */
  readonly skip?: string;
}

/**
 * Applies the caller's skips to laws.
 * @param skip reasons by name of a law
 * @throws CocoError for a skip that names no law or gives no reason
 */
export function toChecks(
  laws: readonly Law[],
  unit: string,
  skip: Readonly<Record<string, string>>,
): Check[] {
  for (const [name, reason] of Object.entries(skip)) {
    if (!laws.some((law) => law.name === name)) {
      const known = laws.map((law) => `"${law.name}"`).join(', ');
      throw new CocoError(`${unit}: there is no law "${name}" to skip. Laws: ${known}.`);
    }
    if (reason.trim() === '') throw new CocoError(`${unit}: the skip of "${name}" needs a reason.`);
  }
  return laws.map((law) => ({
    name: `${unit}: ${law.name}`,
    run: law.run,
    ...(law.skip !== undefined || skip[law.name] !== undefined ? { skip: law.skip ?? skip[law.name] } : {}),
  }));
}

/** @throws CocoError with `sentence` unless `condition` holds. */
export function demand(condition: unknown, sentence: string): asserts condition {
  if (!condition) throw new CocoError(sentence);
}

/** Largest absolute difference; NaN if any value is NaN or the lengths differ. */
export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return NaN;
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i] - b[i]);
    if (!(difference <= largest)) largest = difference;
    if (Number.isNaN(difference)) return NaN;
  }
  return largest;
}

/** @throws CocoError unless all values are the same bit by bit (NaN is not). */
export function demandEqual(actual: ArrayLike<number>, expected: ArrayLike<number>, what: string): void {
  const difference = largestDifference(actual, expected);
  demand(difference === 0, `${what}: the values differ by up to ${difference}; they must be equal.`);
}

/** @throws CocoError unless all values are within `tolerance` × the largest expected value, or × 1. */
export function demandClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  what: string,
): void {
  const scale = Array.from(expected).reduce((largest, value) => Math.max(largest, Math.abs(value)), 1);
  const difference = largestDifference(actual, expected);
  demand(
    difference <= tolerance * scale,
    `${what}: the values differ by up to ${difference}; at most ${tolerance * scale} is allowed.`,
  );
}

/** @throws CocoError if a value is NaN or infinite. */
export function demandFinite(values: ArrayLike<number>, what: string): void {
  const at = Array.from(values).findIndex((value) => !Number.isFinite(value));
  demand(at < 0, `${what}: value ${at} is ${values[at]}.`);
}
