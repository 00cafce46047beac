import type { RankOptions, Ranker } from '../specification/ranker.js';
import type { Progress } from '../specification/ports.js';
import type { Split } from '../specification/dataset.js';
import { historyOf, targetOf, timesOf, trainingCounts } from '../data/split.js';
import { type Metrics, rankMetrics } from './metrics.js';
import { usersPerBlock } from './ranking.js';
import { breathe } from '../breathe.js';
import { StoppedError } from '../errors.js';

export interface EvaluationOptions {
  readonly target: 'validation' | 'test';
  readonly cutoffs: readonly number[];
  readonly removeSeen: boolean;
  /** Also coverage, which needs everybody's list. Default false. */
  readonly coverage?: boolean;
  readonly progress?: Progress;
  readonly signal?: AbortSignal;
}

export interface Evaluation {
  readonly metrics: Metrics;
  /** Rank of each evaluated user's target, in the order of `split[target].users`. */
  readonly ranks: Int32Array;
  /** Metrics by group of users or targets: "history 1–5", "head targets", … with the number of users. */
  readonly groups: Record<string, Metrics & { users: number }>;
}

/** Full ranking over all items, users in blocks. Memory does not grow with users × items. */
export async function evaluateRanker(
  ranker: Ranker,
  split: Split,
  options: EvaluationOptions,
): Promise<Evaluation> {
  const { users, historyLengths } = split[options.target];
  const ranks = new Int32Array(users.length);
  // By length, so that a block holds little padding.
  const order = [...users.keys()].sort((a, b) => historyLengths[users[a]] - historyLengths[users[b]]);
  const largest = Math.max(...options.cutoffs);
  const covered = new Set<number>();
  for (let start = 0; start < users.length; start += usersPerBlock) {
    await breathe();
    if (options.signal?.aborted) {
      throw new StoppedError(
        'Stopped while measuring. What was trained is kept: the same command goes on from there.',
      );
    }
    const places = order.slice(start, start + usersPerBlock);
    const block = places.map((place) => users[place]);
    const histories = block.map((user) => historyOf(split, user, options.target));
    const targets = Int32Array.from(block, (user) => targetOf(split, user, options.target));
    const times = block.map((user) => timesOf(split, user, options.target));
    const how = { removeSeen: options.removeSeen, users: Int32Array.from(block), times };
    const found = await ranksOf(ranker, histories, targets, how, largest);
    places.forEach((place, i) => (ranks[place] = found[i]));
    if (options.coverage) {
      const list = await ranker.topK(histories, largest, how);
      list.items.forEach((item) => covered.add(item));
    }
    options.progress?.report(
      `${options.target} ranking`,
      Math.min(users.length, start + usersPerBlock),
      users.length,
    );
  }
  const metrics = rankMetrics(ranks, options.cutoffs);
  covered.delete(0);
  if (options.coverage) metrics[`coverage@${largest}`] = covered.size / split.dataset.itemCount;
  return { metrics, ranks, groups: groupMetrics(split, ranks, options) };
}

async function ranksOf(
  ranker: Ranker,
  histories: readonly Int32Array[],
  targets: Int32Array,
  how: RankOptions,
  k: number,
): Promise<Int32Array> {
  if (ranker.ranks) return ranker.ranks(histories, targets, how);
  // A ranker that only lists: beyond its list a target counts as never found.
  const { items, scores } = await ranker.topK(histories, k, how);
  return targets.map((target, p) => {
    const at = items.subarray(p * k, (p + 1) * k).indexOf(target);
    if (at < 0) return 2 ** 31 - 1;
    let rank = at + 1;
    while (rank < k && scores[p * k + rank] === scores[p * k + at]) rank++;
    return rank;
  });
}

function groupMetrics(split: Split, ranks: Int32Array, options: EvaluationOptions): Evaluation['groups'] {
  const counts = trainingCounts(split);
  const order = Array.from(counts.keys())
    .slice(1)
    .sort((a, b) => counts[b] - counts[a]);
  const head = new Set(order.slice(0, Math.ceil(order.length / 5)));
  const groups = new Map<string, number[]>();
  const { users, historyLengths } = split[options.target];
  users.forEach((user, i) => {
    const length = historyLengths[user];
    const target = targetOf(split, user, options.target);
    const lengthGroup = length <= 5 ? '1–5' : length <= 10 ? '6–10' : length <= 20 ? '11–20' : 'over 20';
    const names = [`history ${lengthGroup}`, head.has(target) ? 'head targets (top 20 %)' : 'tail targets'];
    if (counts[target] === 0) names.push('cold targets');
    for (const name of names) {
      const list = groups.get(name);
      if (list) list.push(ranks[i]);
      else groups.set(name, [ranks[i]]);
    }
  });
  const entries = [...groups].sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }));
  return Object.fromEntries(
    entries.map(([name, list]) => [name, { users: list.length, ...rankMetrics(list, options.cutoffs) }]),
  ) as Evaluation['groups'];
}
