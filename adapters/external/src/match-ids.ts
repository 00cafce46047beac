import { CocoError, type Strings } from '@coco-rec/core';
import type { ItemTable } from './frozen-backbone.js';
import type { VectorFile } from './files/vector-rows.js';

/** Whom the rows of a file belong to. */
export interface Matched {
  /** [N] index in the data set, −1 where it does not know the id. */
  readonly indices: Int32Array;
  /** Rows with −1. */
  readonly unknown: number;
}

/**
 * Matches a file's raw ids with those of the data set.
 * @param first the first index that counts: 1 for items, whose index 0 is padding
 * @throws CocoError if none matches
 */
export function matchIds({ path, ids }: VectorFile, known: Strings, first: 0 | 1, what: string): Matched {
  const indices = Int32Array.from(ids, (id) => {
    const index = known.indexOf(id) ?? -1;
    return index >= first ? index : -1;
  });
  const unknown = indices.filter((index) => index < 0).length;
  if (unknown === ids.length) {
    const shown = (list: readonly string[]): string => list.map((id) => JSON.stringify(id)).join(', ');
    const own = Array.from({ length: Math.min(3, known.length - first) }, (_, i) => known.get(first + i));
    throw new CocoError(
      `${path}: none of its ${ids.length} ids is ${what} of the data. The file has ids such as ` +
        `${shown(ids.slice(0, 3))}; the data ${shown(own)}.`,
    );
  }
  return { indices, unknown };
}

/**
 * The item vectors of a file as a table, counted.
 * @throws CocoError for an id that comes twice, or ids of which none matches
 */
export function itemTable(file: VectorFile, items: Strings, counts: Record<string, number>): ItemTable {
  const { indices, unknown } = matchIds(file, items, 1, 'an item');
  const { dimension, values } = file;
  const table = new Float32Array(items.length * dimension);
  const isThere = new Uint8Array(items.length);
  indices.forEach((item, n) => {
    if (item < 0) return;
    if (isThere[item]) throw new CocoError(`${file.path}: the item "${file.ids[n]}" comes twice.`);
    isThere[item] = 1;
    table.set(values.subarray(n * dimension, (n + 1) * dimension), item * dimension);
  });
  const found = isThere.reduce((sum, one) => sum + one, 0);
  counts['items with a vector'] = found;
  counts['items without a vector'] = items.length - 1 - found;
  counts['item ids that the data do not know'] = unknown;
  return { values: table, dimension };
}

/** Says how many items have no vector, if any. */
export function missingItems(counts: Readonly<Record<string, number>>): string[] {
  const missing = counts['items without a vector'];
  if (missing === 0) return [];
  return [`${missing} of ${missing + counts['items with a vector']} items have no vector; theirs is zero.`];
}
