/**
 * The Bayes predictor of the shop: forward filtering of the hidden taste over the observed history (Rabiner 1989, with
 * emissions that depend on what was taken before), then the mixture of all tastes' next items. Exact; sees no future.
 */
import type { NamedArray, RankOptions, Ranker, TopK } from '@coco-rec/core';
import { addMixture } from './mixture.js';
import type { ShopModel } from './model.js';

/** Tastes that are believed in less are passed over: together they change no probability by more than this. */
const negligible = 1e-12;

export class ShopOracle implements Ranker {
  readonly specVersion = 'v1';
  readonly id = 'oracle';

  constructor(private readonly model: ShopModel) {}

  /** Knows everything already. */
  async fit(): Promise<Record<string, unknown>> {
    return {};
  }

  /**
   * Probability of each item to be the next, 0 for those taken.
   * @param history item ids, oldest first; repeated and unknown ids are passed over @returns [V + 1], place 0 is 0
   */
  probabilities(history: ArrayLike<number>): Float64Array {
    const { taken, belief } = this.filter(history);
    const { itemCount, stateCount, weights } = this.model.parts;
    const { general, following } = this.model.factors(taken);
    const believed = belief.map((chance) => (chance * stateCount < negligible ? 0 : chance));
    const shares = (factors: Float64Array): Float64Array =>
      believed.map((chance, state) => chance * factors[state]);
    const all = new Float64Array(itemCount + 1);
    addMixture(all, shares(general), weights, this.model.items);
    const last = taken.at(-1);
    if (last !== undefined) {
      addMixture(all, shares(following), weights, this.model.followersOf(this.model.parts.categories[last]));
    }
    for (const item of taken) all[item] = 0;
    return all;
  }

  /** Log probability of a whole history, in nats; −Infinity where an item stands twice. */
  logLikelihood(history: ArrayLike<number>): number {
    const { logLikelihood, taken } = this.filter(history);
    return taken.length === history.length ? logLikelihood : -Infinity;
  }

  /** The taste before the next item, given the history. */
  private filter(history: ArrayLike<number>): {
    taken: number[];
    belief: Float64Array;
    logLikelihood: number;
  } {
    const { initial, itemCount } = this.model.parts;
    const taken: number[] = [];
    let belief = initial;
    let logLikelihood = 0;
    for (let i = 0; i < history.length; i++) {
      const item = history[i];
      if (item < 1 || item > itemCount || taken.includes(item)) continue;
      const { belief: seen, probability } = this.observe(belief, taken, item);
      logLikelihood += Math.log(probability);
      taken.push(item);
      belief = this.move(seen);
    }
    return { taken, belief, logLikelihood };
  }

  /** Bayes' rule for one item. */
  private observe(
    belief: Float64Array,
    taken: readonly number[],
    item: number,
  ): { belief: Float64Array; probability: number } {
    const { general, following } = this.model.factors(taken);
    const goesWith = this.model.goesWith(item, taken.at(-1) ?? 0);
    const joint = this.model.weightsOf(item).slice();
    let probability = 0;
    for (let state = 0; state < joint.length; state++) {
      joint[state] *= belief[state] * (general[state] + (goesWith ? following[state] : 0));
      probability += joint[state];
    }
    // An item that no state could have taken (a complement share of 1, say) tells nothing of the taste.
    return { belief: probability > 0 ? joint.map((value) => value / probability) : belief, probability };
  }

  private move(belief: Float64Array): Float64Array {
    const next = new Float64Array(belief.length);
    this.model.parts.transitions.forEach((steps, state) => {
      for (const { to, probability } of steps) next[to] += belief[state] * probability;
    });
    return next;
  }

  async topK(histories: readonly Int32Array[], k: number, options: RankOptions = {}): Promise<TopK> {
    const items = new Int32Array(histories.length * k);
    const scores = new Float32Array(histories.length * k).fill(-Infinity);
    histories.forEach((history, n) => {
      const chances = this.probabilities(history);
      const seen = new Set(options.removeSeen ? history : []);
      const order = [...chances.keys()].filter((item) => item > 0 && !seen.has(item));
      order.sort((a, b) => chances[b] - chances[a]);
      order.slice(0, k).forEach((item, i) => {
        items[n * k + i] = item;
        scores[n * k + i] = chances[item];
      });
    });
    return { items, scores };
  }

  async ranks(
    histories: readonly Int32Array[],
    targets: Int32Array,
    options: RankOptions = {},
  ): Promise<Int32Array> {
    return targets.map((target, n) => {
      const chances = this.probabilities(histories[n]);
      const seen = new Set(options.removeSeen ? histories[n] : []);
      let rank = 1;
      for (let item = 1; item < chances.length; item++) {
        if (item !== target && chances[item] >= chances[target] && !seen.has(item)) rank++;
      }
      return rank;
    });
  }

  async state(): Promise<Map<string, NamedArray>> {
    return new Map();
  }

  async restore(): Promise<void> {}

  dispose(): void {}
}
