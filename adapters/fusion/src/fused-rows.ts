import type { PreparedBatch, Rows } from '@coco-rec/core';
import { type ItemText, isDescribed } from './item-text.js';

export interface RowChoice {
  /** F: rows at a sequence's last F positions are fused. */
  readonly fusedPositions: number;
  /** The newest items of a sequence whose titles are read. */
  readonly maxTitles: number;
  /** Share of the sequences of a training step that are fused. Default 1. */
  readonly share?: number;
}

/**
 * The rows of a batch that one pass of the language model a sequence serves, P' rows of S sequences.
 * A row sees the items up to its own `visibleUntil`, and the titles are listed oldest first, so what a row sees of them
 * is a prefix.
 */
export interface FusedRows {
  /** P'. */
  readonly count: number;
  /** S. */
  readonly sequences: number;
  /** [P'] number of each row among the batch's rows. */
  readonly rows: Int32Array;
  /** [P'] place of each row's sequence among the S. */
  readonly sequenceOf: Int32Array;
  /** [S] number, among the batch's rows, of the row that sees least: what all rows of a sequence share is made from it. */
  readonly earliest: Int32Array;
  /** [S] described items of the history, oldest first. */
  readonly titles: readonly Int32Array[];
  /** [P'] how many of its sequence's titles a row sees. */
  readonly visibleTitles: Int32Array;
}

/** Finds the rows to fuse. Items without text, padding and mask tokens have no title and leave no hole. */
export function fusedRows(batch: PreparedBatch, text: ItemText, choice: RowChoice): FusedRows {
  const members = rowsBySequence(batch, choice);
  const rows: number[] = [];
  const sequenceOf: number[] = [];
  const visibleTitles: number[] = [];
  const titles: Int32Array[] = [];
  const earliest = members.map(({ b, rows: own }, s) => {
    const { visibleUntil } = batch.rows;
    const least = own.reduce((a, p) => (visibleUntil[p] < visibleUntil[a] ? p : a));
    const most = own.reduce((a, p) => (visibleUntil[p] > visibleUntil[a] ? p : a));
    const places = titlePlaces(batch, text, b, visibleUntil[most], choice.maxTitles);
    titles.push(Int32Array.from(places, (t) => batch.items[b * batch.length + t]));
    for (const p of own) {
      rows.push(p);
      sequenceOf.push(s);
      visibleTitles.push(places.filter((t) => t < visibleUntil[p] - batch.offsets[b]).length);
    }
    return least;
  });
  return {
    count: rows.length,
    sequences: members.length,
    rows: Int32Array.from(rows),
    sequenceOf: Int32Array.from(sequenceOf),
    earliest: Int32Array.from(earliest),
    titles,
    visibleTitles: Int32Array.from(visibleTitles),
  };
}

/** Batches are shuffled each epoch, so a share by place takes other sequences each time. */
function rowsBySequence(batch: PreparedBatch, choice: RowChoice): { b: number; rows: number[] }[] {
  const { rows, lengths } = batch;
  const { share = 1 } = choice;
  const bySequence = new Map<number, number[]>();
  for (let p = 0; p < rows.count; p++) {
    const b = rows.sequence[p];
    if (rows.position[p] < lengths[b] - choice.fusedPositions) continue;
    if (batch.phase === 'train' && Math.floor((b + 1) * share) === Math.floor(b * share)) continue;
    const own = bySequence.get(b);
    if (own) own.push(p);
    else bySequence.set(b, [p]);
  }
  return [...bySequence].sort(([a], [b]) => a - b).map(([b, own]) => ({ b, rows: own }));
}

/**
 * Positions of the described items among the newest that the row that sees most may see. The window is cut by position,
 * not by the number of texts, or a later item's lack of text would show in an earlier row.
 */
function titlePlaces(
  batch: PreparedBatch,
  text: ItemText,
  b: number,
  visibleUntil: number,
  maxTitles: number,
): number[] {
  const end = Math.min(batch.lengths[b], visibleUntil - batch.offsets[b]);
  const places: number[] = [];
  for (let t = Math.max(0, end - maxTitles); t < end; t++)
    if (isDescribed(text, batch.items[b * batch.length + t])) places.push(t);
  return places;
}

/** The rows with these numbers. */
export function chosenRows(rows: Rows, numbers: Int32Array): Rows {
  const { sequence, position, user, target, visibleUntil } = rows;
  const pick = (values: Int32Array): Int32Array => numbers.map((p) => values[p]);
  return {
    count: numbers.length,
    sequence: pick(sequence),
    position: pick(position),
    user: pick(user),
    target: pick(target),
    visibleUntil: pick(visibleUntil),
  };
}

/** Distinct ids in order of first use, and each id's place among them. */
export function distinct(lists: readonly Int32Array[]): {
  ids: Int32Array;
  placeOf: ReadonlyMap<number, number>;
} {
  const placeOf = new Map<number, number>();
  for (const list of lists) for (const id of list) if (!placeOf.has(id)) placeOf.set(id, placeOf.size);
  return { ids: Int32Array.from(placeOf.keys()), placeOf };
}

/** Rows `ids` of a table in host memory. @returns [ids·width] */
export function copyRows(values: Float32Array, width: number, ids: Int32Array): Float32Array {
  const rows = new Float32Array(ids.length * width);
  ids.forEach((id, n) => rows.set(values.subarray(id * width, (id + 1) * width), n * width));
  return rows;
}
