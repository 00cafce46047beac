import { readFile } from 'node:fs/promises';
import { addAbortSignal } from 'node:stream';
import { CocoError, UsageError } from '@coco-rec/core';

/** Histories of a JSON Lines file, or of standard input ("-"). @throws UsageError with the line number */
export async function readHistories(path: string, signal: AbortSignal): Promise<string[][]> {
  const name = path === '-' ? 'standard input' : path;
  const text = path === '-' ? await readInput(signal) : await readText(path);
  return parseHistories(text, name);
}

/** One history a line: a list of ids, or an object with such a list as "history". Empty lines are skipped. */
export function parseHistories(text: string, name: string): string[][] {
  return text.split(/\r?\n/).flatMap((line, i) => {
    if (line.trim() === '') return [];
    const history = historyOf(line);
    if (!history) {
      throw new UsageError(
        `${name}, line ${i + 1}: write a list of item ids such as ["a", "b"], or {"history": ["a"]}.`,
      );
    }
    return [history];
  });
}

function historyOf(line: string): string[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (value !== null && typeof value === 'object' && 'history' in value) value = value.history;
  if (!Array.isArray(value)) return undefined;
  const ids: unknown[] = value;
  if (!ids.every((id) => typeof id === 'string' || typeof id === 'number')) return undefined;
  return ids.map(String);
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
    throw new UsageError('Give histories: --history a,b,c, or --file, or on standard input.');
  const parts: Buffer[] = [];
  for await (const part of addAbortSignal(signal, process.stdin)) parts.push(part as Buffer);
  return Buffer.concat(parts).toString('utf8');
}
