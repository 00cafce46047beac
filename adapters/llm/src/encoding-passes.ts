import { setImmediate as nextTurn } from 'node:timers/promises';

/** Tokens that one encoding pass reads at most, padding included. */
export const tokensPerPass = 1024;

/** Reads rows of tokens pass by pass. @param lengths tokens of each row, rising @param read the rows `from` to `to` */
export async function inPasses(
  lengths: readonly number[],
  signal: AbortSignal | undefined,
  read: (from: number, to: number) => Promise<void>,
): Promise<void> {
  for (let from = 0; from < lengths.length;) {
    await nextTurn(); // lets Ctrl-C through: reading on the engine never waits for the outside
    signal?.throwIfAborted();
    let to = from;
    let longest = 0;
    while (to < lengths.length) {
      if (to > from && (to - from + 1) * Math.max(longest, lengths[to]) > tokensPerPass) break;
      longest = Math.max(longest, lengths[to]);
      to++;
    }
    await read(from, to);
    from = to;
  }
}
