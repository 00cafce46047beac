/** An error made for people: says what was wrong, where, and what would be right. Printed without a stack trace. */
export class CocoError extends Error {
  override readonly name: string = 'CocoError';
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
  }
}

/** The user asked for something that cannot be: a bad config, option or command. The command line exits with 2. */
export class UsageError extends CocoError {
  override readonly name: string = 'UsageError';
}

/** Training or another long job was stopped on request; what it had is saved. The command line exits with 130. */
export class StoppedError extends CocoError {
  override readonly name: string = 'StoppedError';
}

/** Something outside the program failed, such as a service; what was reached is kept, and trying again may do. */
export class OutsideError extends CocoError {
  override readonly name: string = 'OutsideError';
}

/** @returns the known name nearest to `name` by edit distance, or undefined if none is near (more than half differs). */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(name.length / 2)) + 1;
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length];
}
