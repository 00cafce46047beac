import type { Random } from '@coco-rec/core';
import type { ShopModel } from './model.js';

/** Draws of an item before the exact way is taken. */
const patience = 40;

/** Histories of all users: those of user u are sequence[offsets[u]..offsets[u + 1]], item ids from 1. */
export interface Histories {
  readonly offsets: Int32Array;
  readonly sequence: Int32Array;
}

/** Draws histories; each user has a random stream of its own, so that the first users of a larger shop are the same. */
export function makeHistories(
  model: ShopModel,
  { users, meanLength }: { readonly users: number; readonly meanLength: number },
  random: Random,
): Histories {
  const sampler = new ItemSampler(model);
  const offsets = new Int32Array(users + 1);
  let sequence = new Int32Array(Math.ceil(users * meanLength * 1.1) + 64);
  for (let user = 0; user < users; user++) {
    const own = random.derive('user', user);
    const length = Math.min(model.parts.itemCount, drawLength(meanLength, own));
    const end = offsets[user] + length;
    if (end > sequence.length) {
      const larger = new Int32Array(Math.max(end, sequence.length * 2));
      larger.set(sequence);
      sequence = larger;
    }
    sequence.set(drawHistory(sampler, length, own), offsets[user]);
    offsets[user + 1] = end;
  }
  return { offsets, sequence: sequence.slice(0, offsets[users]) };
}

/** 3 and a geometric number more. */
function drawLength(mean: number, random: Random): number {
  const extra = mean - 3;
  if (extra === 0) return 3;
  const logStay = Math.log(extra / (extra + 1));
  return 3 + Math.floor(Math.log(1 - random.uniform()) / logStay);
}

function drawHistory(sampler: ItemSampler, length: number, random: Random): number[] {
  const { initial, transitions } = sampler.model.parts;
  const taken: number[] = [];
  let state = drawIndex(initial.length, (i) => initial[i], random.uniform());
  while (taken.length < length) {
    if (taken.length > 0) {
      const moves = transitions[state];
      state = moves[drawIndex(moves.length, (i) => moves[i].probability, random.uniform())].to;
    }
    taken.push(sampler.draw(state, taken, random));
  }
  return taken;
}

function drawIndex(count: number, probability: (index: number) => number, uniform: number): number {
  let left = uniform;
  for (let i = 0; i < count; i++) if ((left -= probability(i)) < 0) return i;
  return count - 1;
}

/** Draws items in proportion to a state's weights by binary search in their running sums. */
class ItemSampler {
  private readonly running = new Map<string, Float64Array>();

  constructor(readonly model: ShopModel) {}

  /** @param taken distinct items, oldest first */
  draw(state: number, taken: readonly number[], random: Random): number {
    const share = this.model.shareOf(taken);
    if (share > 0 && random.uniform() < share) {
      const category = this.model.parts.categories[taken[taken.length - 1]];
      return this.drawFrom(this.model.followersOf(category), `${state} ${category}`, state, taken, random);
    }
    return this.drawFrom(this.model.items, `${state}`, state, taken, random);
  }

  /** From `pool` without what is taken: by rejection, and where that fails long, from what is left of it. */
  private drawFrom(
    pool: Int32Array,
    key: string,
    state: number,
    taken: readonly number[],
    random: Random,
  ): number {
    let sums = this.running.get(key);
    if (!sums) this.running.set(key, (sums = this.runningSums(pool, state)));
    for (let tries = 0; tries < patience; tries++) {
      const item = pool[firstAbove(sums, random.uniform() * sums[sums.length - 1])];
      if (!taken.includes(item)) return item;
    }
    const left = pool.filter((item) => !taken.includes(item));
    const own = this.runningSums(left, state);
    return left[firstAbove(own, random.uniform() * own[own.length - 1])];
  }

  private runningSums(pool: Int32Array, state: number): Float64Array {
    const { weights, itemCount } = this.model.parts;
    let sum = 0;
    return Float64Array.from(pool, (item) => (sum += weights[state * (itemCount + 1) + item]));
  }
}

/** The first place whose running sum exceeds `value` (binary search). */
function firstAbove(sums: Float64Array, value: number): number {
  let low = 0;
  let high = sums.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sums[middle] > value) high = middle;
    else low = middle + 1;
  }
  return low;
}
