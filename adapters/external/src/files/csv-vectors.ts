import { readCsvRecords } from './csv-records.js';
import { type VectorFile, VectorRows } from './vector-rows.js';

/**
 * Reads a CSV file with a header line: the column `id`, perhaps `seenUntil`; all other columns, in order, are the vector.
 * @param path .csv or .csv.gz
 * @throws CocoError with the line
 */
export async function readCsvVectors(path: string): Promise<VectorFile> {
  const rows = new VectorRows(path);
  let [id, seenUntil] = [-1, -1];
  await readCsvRecords(path, (record, header, place) => {
    if (id < 0) [id, seenUntil] = [header.indexOf('id'), header.indexOf('seenUntil')];
    const vector = record.filter((_, at) => at !== id && at !== seenUntil);
    rows.add(record[id], seenUntil < 0 ? undefined : record[seenUntil], vector, place);
  });
  return rows.finish();
}
