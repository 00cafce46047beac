import type { Random } from '../random.js';
import type { Rows } from '../specification/batch.js';
import type { LossContext } from './loss.js';
import { countsForSampling } from './positives.js';

/** Where negatives come from; `mixed` is the batch's targets and uniform draws together. */
export type NegativeSource = 'uniform' | 'popularity' | 'in-batch' | 'mixed';

export interface NegativeOptions {
  readonly source: NegativeSource;
  /** Draws a step; unused by `in-batch`. */
  readonly count: number;
  /** Popularity to this power. */
  readonly power: number;
}

/** Draws the negatives that the rows of a step share, and knows how often to expect each item among them. */
export class NegativeSampler {
  /** [V + 1], share of each item in training. */
  private readonly shares: Float64Array;
  /** [V + 1], running sum of the draw's probabilities. */
  private readonly cumulative: Float64Array;
  /** [V + 1], of sources whose counts do not hang on the step. */
  private logCounts?: Float32Array;

  constructor(
    context: LossContext,
    private readonly options: NegativeOptions,
  ) {
    const counts = countsForSampling(context);
    this.shares = normalised(counts);
    const power = options.source === 'popularity' ? options.power : 0;
    const weights = counts.map((count, item) => (item > 0 ? count ** power : 0));
    this.cumulative = normalised(weights);
    for (let item = 1; item < weights.length; item++) this.cumulative[item] += this.cumulative[item - 1];
  }

  /** @returns item ids [N]: the rows' targets, the draws, or both */
  sample(rows: Rows, random: Random): Int32Array {
    const { source, count } = this.options;
    const own = source === 'in-batch' || source === 'mixed' ? rows.target : new Int32Array(0);
    const drawn = source === 'in-batch' ? 0 : count;
    const ids = new Int32Array(own.length + drawn);
    ids.set(own);
    for (let n = own.length; n < ids.length; n++) ids[n] = this.draw(random.uniform());
    return ids;
  }

  /** Log of how often each item is expected among the negatives of a step with `rowCount` rows. @returns like `ids` */
  logExpected(ids: Int32Array, rowCount: number): Float32Array {
    const { source } = this.options;
    if (source === 'in-batch' || source === 'mixed')
      return Float32Array.from(ids, (item) => this.logCount(item, rowCount));
    this.logCounts ??= Float32Array.from(this.shares, (_, item) => this.logCount(item, 0));
    const result = new Float32Array(ids.length);
    for (let n = 0; n < ids.length; n++) result[n] = this.logCounts[ids[n]];
    return result;
  }

  private logCount(item: number, fromBatch: number): number {
    const drawn = this.options.source === 'in-batch' ? 0 : this.options.count;
    const probability = item > 0 ? this.cumulative[item] - this.cumulative[item - 1] : 0;
    return Math.log(fromBatch * this.shares[item] + drawn * probability + Number.MIN_VALUE);
  }

  /** The first item whose running sum passes `u`. */
  private draw(u: number): number {
    let low = 1;
    let high = this.cumulative.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.cumulative[middle] > u) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

function normalised(weights: Float64Array): Float64Array {
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / sum);
}
