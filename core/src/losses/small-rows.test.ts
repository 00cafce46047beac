import type { Rows } from '../specification/batch.js';

/** Rows for the tests of losses, which read users and targets alone. */
export function rowsOf(pairs: readonly (readonly [user: number, target: number])[]): Rows {
  const zeros = new Int32Array(pairs.length);
  return {
    count: pairs.length,
    sequence: zeros,
    position: zeros,
    user: Int32Array.from(pairs, ([user]) => user),
    target: Int32Array.from(pairs, ([, target]) => target),
    visibleUntil: zeros,
  };
}
