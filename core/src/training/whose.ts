import type { RankOptions } from '../specification/ranker.js';

/** What is known of histories besides their items. */
export type Whose = Pick<RankOptions, 'users' | 'times'>;

/** Of the histories from `start` (with) to `end` (without). */
export function partOf({ users, times }: Whose, start: number, end: number): Whose {
  return { users: users?.subarray(start, end), times: times?.slice(start, end) };
}
