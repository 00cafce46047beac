import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import { CsvError, parse } from 'csv-parse';
import { CocoError } from '@coco-rec/core';
import { readLines } from './lines.js';

/** One line of a CSV or JSON Lines file as named values, with its line number. */
export interface FileRecord {
  readonly values: Readonly<Record<string, unknown>>;
  readonly line: number;
}

/** JSON Lines: one object a line. */
export async function* readJsonLines(path: string): AsyncGenerator<FileRecord> {
  for await (const { lines, first } of readLines(path)) {
    for (const [i, text] of lines.entries()) {
      if (text.trim() !== '')
        yield { values: parseObject(text, `${path}, line ${first + i}`), line: first + i };
    }
  }
}

function parseObject(text: string, place: string): Record<string, unknown> {
  let values: unknown;
  try {
    values = JSON.parse(text);
  } catch {
    throw new CocoError(`${place}: not valid JSON: ${JSON.stringify(text.slice(0, 60))}.`);
  }
  if (values === null || typeof values !== 'object' || Array.isArray(values)) {
    throw new CocoError(`${place}: expected an object such as {"user": "u1", "item": "i1"}.`);
  }
  return values as Record<string, unknown>;
}

/** CSV with a header line; quoted fields may hold commas and line breaks. */
export async function* readCsv(path: string): AsyncGenerator<FileRecord> {
  const info = await stat(path).catch(() => undefined);
  if (!info) throw new CocoError(`There is no file ${path}.`);
  if (info.size === 0) throw new CocoError(`${path} is empty.`);
  const raw = createReadStream(path);
  const input = path.endsWith('.gz') ? raw.pipe(createGunzip()) : raw;
  const parser = input.pipe(
    parse({ bom: true, columns: true, info: true, skip_empty_lines: true, trim: true }),
  );
  raw.once('error', (error: Error) => parser.destroy(error));
  input.once('error', (error: Error) => parser.destroy(error));
  try {
    for await (const entry of parser) {
      const { record, info: place } = entry as { record: Record<string, unknown>; info: { lines: number } };
      yield { values: record, line: place.lines };
    }
  } catch (error) {
    if (error instanceof CocoError) throw error;
    const { message } = error as Error;
    const line =
      error instanceof CsvError ? `, line ${String((error as { lines?: number }).lines ?? '?')}` : '';
    throw new CocoError(`${path}${line}: not valid CSV (${message.split('\n')[0]}).`, { cause: error });
  }
}

/** By name: .csv is CSV, anything else JSON Lines. */
export function readRecords(path: string): AsyncGenerator<FileRecord> {
  return /\.csv(\.gz)?$/.test(path) ? readCsv(path) : readJsonLines(path);
}
