import { Random } from '../random.js';

/** A paired difference of a per-user metric between two methods, over the same users and seeds. */
export interface PairedDifference {
  /** Mean of method − baseline. */
  readonly difference: number;
  /** Mean of the baseline. */
  readonly baseline: number;
  /** difference ÷ the baseline's mean. */
  readonly relative: number;
  /** 95 % bootstrap interval of the difference. */
  readonly interval: readonly [number, number];
  /** Two-sided bootstrap p. */
  readonly p: number;
}

/**
 * Percentile bootstrap over users and seeds: each replicate draws seeds, then users, with replacement; a user's draw is
 * shared by both methods and by the drawn seeds.
 * @param method [seeds][users] per-user metric @param baseline the same
 */
export function pairedDifference(
  method: readonly ArrayLike<number>[],
  baseline: readonly ArrayLike<number>[],
  options: { replicates?: number; seed?: number } = {},
): PairedDifference {
  const { replicates = 2000, seed = 0 } = options;
  const users = baseline[0].length;
  const seeds = Math.min(method.length, baseline.length);
  const differences = Array.from({ length: seeds }, (_, s) =>
    Float64Array.from({ length: users }, (_, u) => method[s][u] - baseline[s][u]),
  );
  const difference = mean(differences.map(mean));
  const base = mean(baseline.slice(0, seeds).map(mean));
  const random = new Random(seed).derive('bootstrap');
  const means = Float64Array.from({ length: replicates }, () => replicate(differences, users, random)).sort();
  const below = means.filter((value) => value <= 0).length;
  const above = means.filter((value) => value >= 0).length;
  return {
    difference,
    baseline: base,
    relative: difference / base,
    interval: [quantile(means, 0.025), quantile(means, 0.975)],
    p: Math.min(1, (2 * (Math.min(below, above) + 1)) / (replicates + 1)),
  };
}

/** Counts how often each user was drawn first: then every seed is one pass over memory in order. */
function replicate(differences: readonly Float64Array[], users: number, random: Random): number {
  const drawn = differences.map(() => differences[random.integer(differences.length)]);
  const counts = new Float64Array(users);
  for (let i = 0; i < users; i++) counts[random.integer(users)]++;
  let sum = 0;
  for (const values of new Set(drawn)) {
    const times = drawn.filter((other) => other === values).length;
    let ofSeed = 0;
    for (let i = 0; i < users; i++) ofSeed += counts[i] * values[i];
    sum += times * ofSeed;
  }
  return sum / (users * drawn.length);
}

/** Holm's step-down correction. @returns adjusted p values in the order given. */
export function holm(pValues: readonly number[]): number[] {
  const order = [...pValues.keys()].sort((a, b) => pValues[a] - pValues[b]);
  const adjusted = new Array<number>(pValues.length);
  let largest = 0;
  order.forEach((index, place) => {
    largest = Math.max(largest, Math.min(1, pValues[index] * (pValues.length - place)));
    adjusted[index] = largest;
  });
  return adjusted;
}

function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return values.length > 0 ? sum / values.length : 0;
}

/** @param sorted ascending */
function quantile(sorted: Float64Array, q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.round(q * (sorted.length - 1))))];
}
