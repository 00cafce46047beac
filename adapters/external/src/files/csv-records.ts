import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { CsvError, parse } from 'csv-parse';
import { CocoError, fileErrorReason } from '@coco-rec/core';
import { checkColumns } from './check-columns.js';

/** @param place of the record: "line 3" */
type TakeRecord = (record: readonly string[], header: readonly string[], place: string) => void;

/**
 * Reads a CSV file whose header line has the column `id`, record by record.
 * @param path .csv or .csv.gz
 * @throws CocoError with the line
 */
export async function readCsvRecords(path: string, take: TakeRecord): Promise<void> {
  const raw = createReadStream(path);
  const input = path.endsWith('.gz') ? raw.pipe(createGunzip()) : raw;
  const parser = input.pipe(parse({ bom: true, info: true, skip_empty_lines: true, trim: true }));
  for (const stream of [raw, input]) stream.once('error', (error: Error) => parser.destroy(error));
  let header: readonly string[] | undefined;
  try {
    for await (const entry of parser) {
      const { record, info } = entry as { record: string[]; info: { lines: number } };
      if (header) take(record, header, `line ${info.lines}`);
      else {
        checkColumns(record, `${path}, line 1`);
        header = record;
      }
    }
  } catch (error) {
    throw error instanceof CocoError ? error : explained(error, path);
  } finally {
    raw.destroy();
  }
}

function explained(error: unknown, path: string): CocoError {
  const { message, syscall } = error as NodeJS.ErrnoException;
  if (syscall !== undefined) {
    return new CocoError(`Cannot read ${path}: ${fileErrorReason(error)}.`, { cause: error });
  }
  const line = error instanceof CsvError ? `, line ${String((error as { lines?: number }).lines)}` : '';
  return new CocoError(`${path}${line}: not valid CSV (${message.split('\n')[0]}).`, { cause: error });
}
