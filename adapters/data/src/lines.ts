import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import { CocoError } from '@coco-rec/core';

/** Lines longer than this are cut: a text is capped later anyway. */
const longestLine = 4_000_000;

/** Some lines of a file; `first` is the number of the first of them, from 1. */
export interface LineBlock {
  readonly lines: readonly string[];
  readonly first: number;
}

/** Reads a text file block by block (gzip by name), without byte order mark, carriage returns and NUL bytes. */
export async function* readLines(path: string): AsyncGenerator<LineBlock> {
  const info = await stat(path).catch(() => undefined);
  if (!info) throw new CocoError(`There is no file ${path}.`);
  if (!info.isFile()) throw new CocoError(`${path} is not a file.`);
  if (info.size === 0) throw new CocoError(`${path} is empty.`);
  const raw = createReadStream(path, { highWaterMark: 1 << 20 });
  const input = path.endsWith('.gz') ? raw.pipe(createGunzip()) : raw;
  raw.on('error', (error) => input.destroy(error));
  const decoder = new TextDecoder(); // drops a byte order mark
  let rest = '';
  let first = 1;
  try {
    for await (const chunk of input) {
      const text = rest + decoder.decode(chunk as Uint8Array, { stream: true });
      const lines = text.split('\n');
      rest = (lines.pop() ?? '').slice(0, longestLine);
      if (lines.length > 0) yield { lines: /[\r\0]/.test(text) ? lines.map(tidy) : lines, first };
      first += lines.length;
    }
  } catch (error) {
    if (error instanceof CocoError) throw error;
    throw new CocoError(`${path}, after line ${first - 1}: cannot be read (${(error as Error).message}).`, {
      cause: error,
    });
  }
  rest += decoder.decode();
  if (rest !== '') yield { lines: [tidy(rest)], first };
}

function tidy(line: string): string {
  const text = line.endsWith('\r') ? line.slice(0, -1) : line;
  return text.includes('\0') ? text.replaceAll('\0', '') : text;
}
