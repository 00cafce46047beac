/** A move of the hidden state. */
export interface Step {
  readonly to: number;
  readonly probability: number;
}

/** The numbers of a shop. S hidden states, items 1..V. */
export interface ShopModelParts {
  /** V. */
  readonly itemCount: number;
  /** S. */
  readonly stateCount: number;
  /** [S · (V + 1)] positive weight of each item in each state, state by state; place 0 of a state is 0. */
  readonly weights: Float64Array;
  /** [V + 1] category of each item; place 0 is unused. */
  readonly categories: Int32Array;
  /** By category: the categories whose items go with it. */
  readonly followers: readonly (readonly number[])[];
  /** [S] */
  readonly initial: Float64Array;
  /** Moves from each state; their probabilities sum to 1. */
  readonly transitions: readonly (readonly Step[])[];
  /** Probability that an item is taken from what goes with the last one, while such an item is left. */
  readonly complementShare: number;
}

/** Relative size of a difference of sums below which it is summed anew, lest cancellation spoil it. */
const cancelled = 1e-6;

/**
 * How a user takes the next item, given the hidden state and what was taken before: with `complementShare` from the items
 * that go with the last one, else from all; in either case in proportion to the state's weights, and none twice.
 */
export class ShopModel {
  /** 1..V. */
  readonly items: Int32Array;
  /** [S] sum of the weights. */
  private readonly totals: Float64Array;
  /** Items that go with a category; made when first asked for. */
  private readonly following = new Map<number, Int32Array>();
  private readonly followingTotals = new Map<number, Float64Array>();
  /** [S] by item, side by side in memory; made when first asked for. */
  private readonly columns = new Map<number, Float64Array>();

  constructor(readonly parts: ShopModelParts) {
    this.items = Int32Array.from({ length: parts.itemCount }, (_, i) => i + 1);
    this.totals = this.sums(this.items);
  }

  /** Sum over `items` of each state's weights. @returns [S] */
  private sums(items: Int32Array): Float64Array {
    const { stateCount, weights, itemCount } = this.parts;
    return Float64Array.from({ length: stateCount }, (_, state) => {
      let sum = 0;
      for (const item of items) sum += weights[state * (itemCount + 1) + item];
      return sum;
    });
  }

  /** The item's weight in each state. @returns [S] */
  weightsOf(item: number): Float64Array {
    let column = this.columns.get(item);
    if (!column) {
      const { stateCount, weights, itemCount } = this.parts;
      column = Float64Array.from(
        { length: stateCount },
        (_, state) => weights[state * (itemCount + 1) + item],
      );
      this.columns.set(item, column);
    }
    return column;
  }

  /** The items that go with a category, rising. */
  followersOf(category: number): Int32Array {
    let items = this.following.get(category);
    if (!items) {
      const wanted = new Set(this.parts.followers[category]);
      const list: number[] = [];
      for (let item = 1; item <= this.parts.itemCount; item++) {
        if (wanted.has(this.parts.categories[item])) list.push(item);
      }
      this.following.set(category, (items = Int32Array.from(list)));
    }
    return items;
  }

  private followingTotalsOf(category: number): Float64Array {
    let totals = this.followingTotals.get(category);
    if (!totals) this.followingTotals.set(category, (totals = this.sums(this.followersOf(category))));
    return totals;
  }

  /** True where `item` goes with `last` (0: nothing was taken yet). */
  goesWith(item: number, last: number): boolean {
    const { categories, followers } = this.parts;
    return last > 0 && followers[categories[last]].includes(categories[item]);
  }

  /** Probability that the next item goes with the last: 0 where all that would are taken. */
  shareOf(taken: readonly number[]): number {
    const last = taken.at(-1) ?? 0;
    if (last === 0) return 0;
    const gone = taken.filter((item) => this.goesWith(item, last)).length;
    return gone < this.followersOf(this.parts.categories[last]).length ? this.parts.complementShare : 0;
  }

  /**
   * What an item's weight in each state is multiplied with to give its probability.
   * @param taken distinct items, oldest first
   * @returns [S] for all items, and [S] to be added for those that go with the last one
   */
  factors(taken: readonly number[]): { general: Float64Array; following: Float64Array } {
    const { stateCount, categories } = this.parts;
    const last = taken.at(-1) ?? 0;
    const share = this.shareOf(taken);
    const general = this.leftOf(this.totals, taken, undefined).map((left) =>
      left > 0 ? (1 - share) / left : 0,
    );
    if (share === 0) return { general, following: new Float64Array(stateCount) };
    const gone = taken.filter((item) => this.goesWith(item, last));
    const pool = this.followersOf(categories[last]);
    const left = this.leftOf(this.followingTotalsOf(categories[last]), gone, pool);
    return { general, following: left.map((weight) => (weight > 0 ? share / weight : 0)) };
  }

  /** Weights that are left of `totals` (those of `pool`, or of all items) without the items `gone`. @returns [S] */
  private leftOf(totals: Float64Array, gone: readonly number[], pool: Int32Array | undefined): Float64Array {
    const { stateCount, itemCount } = this.parts;
    if (gone.length >= (pool?.length ?? itemCount)) return new Float64Array(stateCount);
    const left = totals.slice();
    for (const item of gone) {
      const weights = this.weightsOf(item);
      for (let state = 0; state < stateCount; state++) left[state] -= weights[state];
    }
    for (let state = 0; state < stateCount; state++) {
      if (left[state] <= totals[state] * cancelled) left[state] = this.sumWithout(state, new Set(gone), pool);
    }
    return left;
  }

  private sumWithout(state: number, gone: ReadonlySet<number>, pool: Int32Array | undefined): number {
    const { weights, itemCount } = this.parts;
    let sum = 0;
    for (let i = 0; i < (pool?.length ?? itemCount); i++) {
      const item = pool ? pool[i] : i + 1;
      if (!gone.has(item)) sum += weights[state * (itemCount + 1) + item];
    }
    return sum;
  }
}
