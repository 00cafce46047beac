import { trainingCounts } from '../data/split.js';
import type { Rows } from '../specification/batch.js';
import type { LossContext } from './loss.js';

/** How often each item occurs in training, at least 1: an item without training interactions counts as seen once. */
export function countsForSampling(context: LossContext): Float64Array {
  const counts = Float64Array.from(trainingCounts(context));
  for (let item = 1; item < counts.length; item++) counts[item] = Math.max(1, counts[item]);
  return counts;
}

/** Knows which items are a row's own positives: its target, and its user's training items. */
export class Positives {
  /** [V + 1], the number of the last `open` in which the item was marked. */
  private readonly marks: Int32Array;
  private opened = 0;

  constructor(private readonly context: LossContext) {
    this.marks = new Int32Array(context.dataset.itemCount + 1);
  }

  /** Marks a user's training items; −1: a user without any. */
  open(user: number): void {
    this.opened++;
    if (user < 0) return;
    const { dataset, trainLengths } = this.context;
    const start = dataset.offsets[user];
    for (let i = start; i < start + trainLengths[user]; i++) this.marks[dataset.sequence[i]] = this.opened;
  }

  /** True if the opened user has had `item` in training. */
  has(item: number): boolean {
    return this.marks[item] === this.opened;
  }

  /** Where a shared negative is a positive of the row. @param negatives [N] @returns places p · N + n, rising */
  excluded(rows: Rows, negatives: Int32Array): Int32Array {
    const width = negatives.length;
    const places: number[] = [];
    let ofUser: number[] = [];
    let user = NaN;
    for (let p = 0; p < rows.count; p++) {
      if (rows.user[p] !== user) {
        user = rows.user[p];
        this.open(user);
        ofUser = [];
        for (let n = 0; n < width; n++) if (this.has(negatives[n])) ofUser.push(n);
      }
      const target = rows.target[p];
      // A training row's target is one of its user's items.
      const own = this.has(target)
        ? ofUser
        : [...negatives.keys()].filter((n) => this.has(negatives[n]) || negatives[n] === target);
      for (const n of own) places.push(p * width + n);
    }
    return Int32Array.from(places);
  }
}
