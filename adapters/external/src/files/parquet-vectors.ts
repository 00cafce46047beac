import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects, parquetSchema } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { CocoError } from '@coco-rec/core';
import { checkColumns } from './check-columns.js';
import { type VectorFile, VectorRows } from './vector-rows.js';

/** Rows that are held as objects at a time. */
const blockRows = 10_000;

/**
 * Reads a Parquet file of any usual compression: the column `id`, perhaps `seenUntil`; the vector is one column of lists, or all other columns
 * in order.
 * @throws CocoError with the row
 */
export async function readParquetVectors(path: string): Promise<VectorFile> {
  const rows = new VectorRows(path);
  try {
    const file = await asyncBufferFromFile(path);
    const metadata = await parquetMetadataAsync(file);
    const columns = parquetSchema(metadata).children.map(({ element }) => element.name);
    checkColumns(columns, path);
    const vectorColumns = columns.filter((name) => name !== 'id' && name !== 'seenUntil');
    const count = Number(metadata.num_rows);
    for (let start = 0; start < count; start += blockRows) {
      const rowEnd = Math.min(count, start + blockRows);
      const block = await parquetReadObjects({ file, metadata, compressors, rowStart: start, rowEnd });
      block.forEach((row, n) => {
        const place = `row ${start + n + 1}`;
        const where = `${path}, ${place}`;
        rows.add(textOf(row.id, where), row.seenUntil, vectorOf(row, vectorColumns, where), place);
      });
    }
  } catch (error) {
    if (error instanceof CocoError) throw error;
    const reason = (error as Error).message.split('\n')[0];
    throw new CocoError(`${path} cannot be read as Parquet (${reason}).`, { cause: error });
  }
  return rows.finish();
}

/** Text that the file keeps as bytes of a fixed length, filled up with zeros; anything else as it is. */
function textOf(id: unknown, where: string): unknown {
  if (!(id instanceof Uint8Array)) return id;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(id).replace(/\0+$/, '');
  } catch (error) {
    throw new CocoError(`${where}: the id is ${id.length} bytes that are no text; save the ids as text.`, {
      cause: error,
    });
  }
}

function vectorOf(
  row: Readonly<Record<string, unknown>>,
  columns: readonly string[],
  where: string,
): ArrayLike<unknown> {
  const values = columns.map((name) => row[name]);
  const [first] = values;
  if (values.length === 1 && (first === null || first === undefined)) {
    throw new CocoError(`${where}: the vector is missing; leave out rows without one.`);
  }
  const isList = Array.isArray(first) || ArrayBuffer.isView(first);
  return values.length === 1 && isList ? (first as unknown as ArrayLike<unknown>) : values;
}
