import { readFile } from 'node:fs/promises';
import { addAbortSignal } from 'node:stream';
import { CocoError, UsageError } from '@coco-rec/core';

/** Whom to recommend for: somebody with a history, a user of the data, or one of these with another history. */
export interface Asked {
  /** Raw item ids, oldest first; absent: the user's own. */
  readonly history?: string[];
  /** Raw id; absent: nobody in particular. */
  readonly user?: string;
  /** When the items of `history` were taken, in seconds; absent: not known. */
  readonly times?: number[];
}

/** Those of a JSON Lines file, or of standard input ("-"). @throws UsageError with the line number */
export async function readHistories(path: string, signal: AbortSignal): Promise<Asked[]> {
  const name = path === '-' ? 'standard input' : path;
  const text = path === '-' ? await readInput(signal) : await readText(path);
  return parseHistories(text, name);
}

/**
 * One a line: a list of ids, or an object with such a list as "history" (and "times" beside it), with a "user", or both.
 * Empty lines are skipped.
 */
export function parseHistories(text: string, name: string): Asked[] {
  return text.split(/\r?\n/).flatMap((line, i) => {
    if (line.trim() === '') return [];
    const asked = askedOf(line);
    if (!asked) {
      throw new UsageError(
        `${name}, line ${i + 1}: write a list of item ids such as ["a", "b"], or {"history": ["a"]}, or {"user": "u"}; ` +
          '"times" beside a history holds as many seconds.',
      );
    }
    return [asked];
  });
}

function askedOf(line: string): Asked | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (Array.isArray(value)) value = { history: value };
  if (value === null || typeof value !== 'object') return undefined;
  const { history, user, times } = value as { history?: unknown; user?: unknown; times?: unknown };
  const ids = history === undefined ? undefined : idsOf(history);
  if (history === undefined ? user === undefined : !ids) return undefined;
  if (user !== undefined && !isId(user)) return undefined;
  if (times !== undefined && !(isTimes(times) && times.length === ids?.length)) return undefined;
  return {
    ...(ids && { history: ids }),
    ...(user !== undefined && { user: String(user) }),
    ...(times !== undefined && { times }),
  };
}

const isTimes = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((time) => typeof time === 'number');

const isId = (value: unknown): value is string | number =>
  typeof value === 'string' || typeof value === 'number';

function idsOf(value: unknown): string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const ids: unknown[] = value;
  return ids.every(isId) ? ids.map(String) : undefined;
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const message = missing ? `There is no file ${path}.` : `Cannot read ${path}.`;
    throw missing ? new UsageError(message, { cause: error }) : new CocoError(message, { cause: error });
  }
}

async function readInput(signal: AbortSignal): Promise<string> {
  if (process.stdin.isTTY)
    throw new UsageError('Give histories: --history a,b,c, --user u, or --file, or on standard input.');
  const parts: Buffer[] = [];
  for await (const part of addAbortSignal(signal, process.stdin)) parts.push(part as Buffer);
  return Buffer.concat(parts).toString('utf8');
}
