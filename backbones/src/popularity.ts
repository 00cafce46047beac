/** Popularity: items by their number of training interactions, the same list for everybody. */
import {
  type NamedArray,
  type RankOptions,
  type Ranker,
  type RankerDescriptor,
  type Split,
  type TopK,
  trainingCounts,
} from '@coco-rec/core';

export class PopularityConfig {}

export class PopularityRanker implements Ranker {
  readonly specVersion = 'v1';
  readonly id = 'popularity';
  /** [V + 1] */
  private counts: Int32Array = new Int32Array(1);
  /** Item ids, most popular first; ties by id. */
  private order: number[] = [];

  async fit(split: Split): Promise<Record<string, unknown>> {
    this.setCounts(trainingCounts(split));
    return {};
  }

  async topK(histories: readonly Int32Array[], k: number, options: RankOptions = {}): Promise<TopK> {
    const items = new Int32Array(histories.length * k);
    const scores = new Float32Array(histories.length * k).fill(-Infinity);
    histories.forEach((history, n) => {
      const seen = new Set(options.removeSeen ? history : []);
      let filled = 0;
      for (let i = 0; i < this.order.length && filled < k; i++) {
        if (seen.has(this.order[i])) continue;
        items[n * k + filled] = this.order[i];
        scores[n * k + filled++] = this.counts[this.order[i]];
      }
    });
    return { items, scores };
  }

  async ranks(
    histories: readonly Int32Array[],
    targets: Int32Array,
    options: RankOptions = {},
  ): Promise<Int32Array> {
    const descending = this.order.map((item) => this.counts[item]);
    return targets.map((target, n) => {
      const own = this.counts[target];
      const seen = new Set(options.removeSeen ? histories[n] : []);
      seen.delete(target);
      const better = [...seen].filter((item) => this.counts[item] >= own).length;
      return countAtLeast(descending, own) - better; // the target counts itself
    });
  }

  async state(): Promise<Map<string, NamedArray>> {
    return new Map([['counts', { shape: [this.counts.length], values: this.counts }]]);
  }

  async restore(state: ReadonlyMap<string, NamedArray>): Promise<void> {
    this.setCounts(Int32Array.from(state.get('counts')?.values ?? []));
  }

  dispose(): void {}

  private setCounts(counts: Int32Array): void {
    this.counts = counts;
    this.order = [...counts.keys()].slice(1).sort((a, b) => counts[b] - counts[a]);
  }
}

/** How many of the descending values are ≥ `value` (binary search). */
function countAtLeast(descending: readonly number[], value: number): number {
  let low = 0;
  let high = descending.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (descending[middle] >= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

export const popularity: RankerDescriptor<PopularityConfig> = {
  kind: 'ranker',
  id: 'popularity',
  specVersion: 'v1',
  summary: 'The most popular items, the same for everybody: the floor that any recommender must beat.',
  config: PopularityConfig,
  create: () => new PopularityRanker(),
};
