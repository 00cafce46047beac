import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { CsvError, parse } from 'csv-parse';
import { CocoError } from '@coco-rec/core';
import { checkColumns } from './check-columns.js';
import { type VectorFile, VectorRows } from './vector-rows.js';

interface Columns {
  readonly id: number;
  /** −1: the file has none. */
  readonly seenUntil: number;
}

/**
 * Reads a CSV file with a header line: the column `id`, perhaps `seenUntil`; all other columns, in order, are the vector.
 * @param path .csv or .csv.gz
 * @throws CocoError with the line
 */
export async function readCsvVectors(path: string): Promise<VectorFile> {
  const raw = createReadStream(path);
  const input = path.endsWith('.gz') ? raw.pipe(createGunzip()) : raw;
  const parser = input.pipe(parse({ bom: true, info: true, skip_empty_lines: true, trim: true }));
  for (const stream of [raw, input]) stream.once('error', (error: Error) => parser.destroy(error));
  const rows = new VectorRows(path);
  let columns: Columns | undefined;
  try {
    for await (const entry of parser) {
      const { record, info } = entry as { record: string[]; info: { lines: number } };
      if (columns) addRecord(rows, record, columns, `line ${info.lines}`);
      else columns = columnsOf(record, path);
    }
  } catch (error) {
    if (error instanceof CocoError) throw error;
    const line = error instanceof CsvError ? `, line ${String((error as { lines?: number }).lines)}` : '';
    const { message } = error as Error;
    throw new CocoError(`${path}${line}: not valid CSV (${message.split('\n')[0]}).`, { cause: error });
  }
  return rows.finish();
}

function columnsOf(header: readonly string[], path: string): Columns {
  checkColumns(header, `${path}, line 1`);
  return { id: header.indexOf('id'), seenUntil: header.indexOf('seenUntil') };
}

function addRecord(rows: VectorRows, record: readonly string[], columns: Columns, place: string): void {
  const vector = record.filter((_, at) => at !== columns.id && at !== columns.seenUntil);
  rows.add(record[columns.id], columns.seenUntil < 0 ? undefined : record[columns.seenUntil], vector, place);
}
