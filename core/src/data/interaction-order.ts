import type { Times } from '../specification/dataset.js';
import type { Interactions } from './interactions.js';

/**
 * Sorts `items` and `times` where they stand, by user, then by time; what has the same time, or none, keeps its order.
 * `users` is used up: at the end it holds no users.
 * @returns where each user's interactions begin: those of user u are offsets[u]..offsets[u+1]
 */
export function sortByUserAndTime(interactions: Interactions, userCount: number): Int32Array {
  const { count, users, times } = interactions;
  const offsets = new Int32Array(userCount + 1);
  for (let i = 0; i < count; i++) offsets[users[i] + 1]++;
  for (let user = 0; user < userCount; user++) offsets[user + 1] += offsets[user];
  const next = offsets.slice();
  for (let i = 0; i < count; i++) users[i] = next[users[i]]++;
  moveTo(users, interactions);
  if (times) sortHistories(interactions.items, times, offsets);
  return offsets;
}

/** Moves row i to row places[i], each cycle of places in turn, and leaves places[i] = i. */
function moveTo(places: Int32Array, { count, items, times }: Interactions): void {
  for (let start = 0; start < count; start++) {
    let place = places[start];
    if (place === start) continue;
    let item = items[start];
    let time = times ? times[start] : 0;
    do {
      const following = places[place];
      const displaced = items[place];
      places[place] = place;
      items[place] = item;
      item = displaced;
      if (times) {
        const displacedTime = times[place];
        times[place] = time;
        time = displacedTime;
      }
      place = following;
    } while (place !== start);
    places[start] = start;
    items[start] = item;
    if (times) times[start] = time;
  }
}

/** Merge sort of each user's interactions by time, with room for half of the longest history only. */
function sortHistories(items: Int32Array, times: Times, offsets: Int32Array): void {
  const half = { items: new Int32Array(64), times: new Float64Array(64) };
  for (let user = 0; user + 1 < offsets.length; user++) {
    const [from, to] = [offsets[user], offsets[user + 1]];
    let isSorted = true;
    for (let i = from + 1; i < to && isSorted; i++) isSorted = !(times[i] < times[i - 1]);
    if (isSorted) continue;
    if (to - from > half.items.length) {
      half.items = new Int32Array(2 * (to - from));
      half.times = new Float64Array(2 * (to - from));
    }
    for (let width = 1; width < to - from; width *= 2) {
      for (let start = from; start + width < to; start += 2 * width)
        merge({ items, times }, half, start, start + width, Math.min(start + 2 * width, to));
    }
  }
}

/** Merges two sorted neighbours, start..middle and middle..end; equal times keep their order. */
function merge(
  { items, times }: { items: Int32Array; times: Times },
  half: { items: Int32Array; times: Float64Array },
  start: number,
  middle: number,
  end: number,
): void {
  if (!(times[middle] < times[middle - 1])) return;
  const count = middle - start;
  for (let i = 0; i < count; i++) {
    half.items[i] = items[start + i];
    half.times[i] = times[start + i];
  }
  let right = middle;
  let to = start;
  for (let left = 0; left < count; to++) {
    const isRight = right < end && times[right] < half.times[left];
    items[to] = isRight ? items[right] : half.items[left];
    times[to] = isRight ? times[right++] : half.times[left++];
  }
}

/**
 * Leaves out what is there already: the same item at the same time of the same user. What has no time is kept.
 * Sorted interactions are moved together where they stand. @returns the new offsets; the last is the new count
 */
export function withoutDoubles({ items, times }: Interactions, offsets: Int32Array): Int32Array {
  if (!times) return offsets;
  const ends = new Int32Array(offsets.length);
  const atSameTime = new Set<number>();
  let end = 0;
  for (let user = 0; user + 1 < offsets.length; user++) {
    let last = NaN;
    for (let i = offsets[user]; i < offsets[user + 1]; i++) {
      const [item, time] = [items[i], times[i]];
      const goesOn = time === last;
      last = time;
      if (!goesOn && atSameTime.size > 0) atSameTime.clear();
      // Most times stand alone, and then there is nothing to remember.
      const isShared = goesOn || (i + 1 < offsets[user + 1] && time === times[i + 1]);
      if (isShared && atSameTime.has(item)) continue;
      if (isShared) atSameTime.add(item);
      items[end] = item;
      times[end++] = time;
    }
    ends[user + 1] = end;
  }
  return ends;
}
