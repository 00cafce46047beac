/** Metrics by name: "recall@5", "ndcg@5", "mrr", … */
export type Metrics = Record<string, number>;

/** With one target a user, Recall@k is the hit rate and NDCG@k is 1 / log2(rank + 1) within k. */
export function ndcgAt(rank: number, k: number): number {
  return rank <= k ? 1 / Math.log2(rank + 1) : 0;
}

/** Means over users. @param ranks ranks of the targets, from 1 @param cutoffs the k */
export function rankMetrics(ranks: ArrayLike<number>, cutoffs: readonly number[]): Metrics {
  const metrics: Metrics = {};
  const mean = (value: (rank: number) => number): number => {
    let sum = 0;
    for (let i = 0; i < ranks.length; i++) sum += value(ranks[i]);
    return ranks.length > 0 ? sum / ranks.length : 0;
  };
  for (const k of cutoffs) {
    metrics[`recall@${k}`] = mean((rank) => (rank <= k ? 1 : 0));
    metrics[`ndcg@${k}`] = mean((rank) => ndcgAt(rank, k));
  }
  metrics.mrr = mean((rank) => 1 / rank);
  return metrics;
}
