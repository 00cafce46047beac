/** Interactions in the order that they were added. */
export interface Interactions {
  readonly count: number;
  /** [count] user index; longer arrays are read up to `count`. */
  readonly users: Int32Array;
  readonly items: Int32Array;
  /** NaN where there is none. */
  readonly times: Float64Array;
}

/** Places of interactions, user by user: those of user u are order[offsets[u]..offsets[u+1]]. */
export interface InteractionOrder {
  readonly offsets: Int32Array;
  readonly order: Int32Array;
}

/** By user, then by time; what has the same time, or none, keeps its order. */
export function orderByUserAndTime(
  { count, users, times }: Interactions,
  userCount: number,
): InteractionOrder {
  const offsets = new Int32Array(userCount + 1);
  for (let i = 0; i < count; i++) offsets[users[i] + 1]++;
  for (let user = 0; user < userCount; user++) offsets[user + 1] += offsets[user];
  const next = offsets.slice();
  const order = new Int32Array(count);
  for (let i = 0; i < count; i++) order[next[users[i]]++] = i;
  for (let user = 0; user < userCount; user++) {
    const [from, to] = [offsets[user], offsets[user + 1]];
    let isSorted = true;
    for (let i = from + 1; i < to && isSorted; i++) isSorted = !(times[order[i]] < times[order[i - 1]]);
    if (!isSorted) order.subarray(from, to).sort((a, b) => times[a] - times[b]); // stable
  }
  return { offsets, order };
}

/** Leaves out what is there already: the same item at the same time of the same user. What has no time is kept. */
export function withoutDoubles(
  { items, times }: Interactions,
  { offsets, order }: InteractionOrder,
): InteractionOrder {
  const kept = new Int32Array(order.length);
  const ends = new Int32Array(offsets.length);
  const atSameTime = new Set<number>();
  let end = 0;
  for (let user = 0; user + 1 < offsets.length; user++) {
    for (let i = offsets[user]; i < offsets[user + 1]; i++) {
      const goesOn = i > offsets[user] && times[order[i]] === times[order[i - 1]];
      if (!goesOn && atSameTime.size > 0) atSameTime.clear();
      // Most times stand alone, and then there is nothing to remember.
      const isShared = goesOn || (i + 1 < offsets[user + 1] && times[order[i]] === times[order[i + 1]]);
      const item = items[order[i]];
      if (isShared && atSameTime.has(item)) continue;
      if (isShared) atSameTime.add(item);
      kept[end++] = order[i];
    }
    ends[user + 1] = end;
  }
  return end === order.length ? { offsets, order } : { offsets: ends, order: kept.slice(0, end) };
}
