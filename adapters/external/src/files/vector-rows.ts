import { CocoError } from '@coco-rec/core';

/** Vectors with their raw ids, as a file holds them. */
export interface VectorFile {
  readonly path: string;
  readonly ids: readonly string[];
  /** [N·D] */
  readonly values: Float32Array;
  /** D. */
  readonly dimension: number;
  /** [N] interactions that each vector was made from; absent where the file does not say. */
  readonly seenUntil?: Int32Array;
}

/** Collects rows of a file, checking each number. */
export class VectorRows {
  private readonly ids: string[] = [];
  private readonly seen: number[] = [];
  private values = new Float32Array(4096);
  private dimension?: number;

  constructor(private readonly path: string) {}

  /**
   * @param seenUntil undefined: the file does not say
   * @param place of the row: "line 3"
   * @throws CocoError for an id, a count or a number that is none, or a row of another width
   */
  add(id: unknown, seenUntil: unknown, vector: ArrayLike<unknown>, place: string): void {
    const where = `${this.path}, ${place}`;
    this.ids.push(idOf(id, where));
    if (seenUntil !== undefined) this.seen.push(countOf(seenUntil, where));
    this.dimension ??= vector.length;
    if (vector.length !== this.dimension) {
      throw new CocoError(
        `${where}: this vector has ${vector.length} numbers; those before it have ${this.dimension}.`,
      );
    }
    const start = (this.ids.length - 1) * this.dimension;
    this.reserve(start + this.dimension);
    for (let d = 0; d < this.dimension; d++) {
      const value = numberOf(vector[d]);
      if (!Number.isFinite(Math.fround(value))) throw notFinite(where, d, vector[d]);
      this.values[start + d] = value;
    }
  }

  private reserve(length: number): void {
    if (length <= this.values.length) return;
    const larger = new Float32Array(Math.max(length, 2 * this.values.length));
    larger.set(this.values);
    this.values = larger;
  }

  /** @throws CocoError if there was no row */
  finish(): VectorFile {
    const { path, ids, seen, dimension = 0 } = this;
    if (ids.length === 0) throw new CocoError(`${path} holds no rows.`);
    const values = this.values.slice(0, ids.length * dimension);
    return { path, ids, values, dimension, ...(seen.length > 0 && { seenUntil: Int32Array.from(seen) }) };
  }
}

/** @throws CocoError if it is none */
export function idOf(id: unknown, where: string): string {
  if (typeof id === 'string' && id !== '') return id;
  if (typeof id === 'number' || typeof id === 'bigint') return String(id);
  if (id === undefined || id === null || id === '') throw new CocoError(`${where}: an id is missing.`);
  throw new CocoError(`${where}: an id is neither text nor a number; save the ids as text.`);
}

function countOf(value: unknown, where: string): number {
  const count = numberOf(value);
  if (Number.isInteger(count) && count >= 0 && count < 2 ** 31) return count;
  throw new CocoError(
    `${where}: "seenUntil" is ${shown(value)}; it is a number of interactions: 0, 1, 2 and so on.`,
  );
}

/** NaN for what is no number. */
function numberOf(value: unknown): number {
  if (typeof value === 'string') return value.trim() === '' ? NaN : Number(value);
  return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : NaN;
}

const shown = (value: unknown): string =>
  typeof value === 'string' ? JSON.stringify(value.slice(0, 40)) : String(value);

/** @param at place of the number in its vector, from 0 */
export function notFinite(where: string, at: number, value: unknown): CocoError {
  const wanted = Number.isFinite(numberOf(value))
    ? 'as float32 it must be finite, so below 3.4e38'
    : typeof value === 'string' && value.startsWith('[')
      ? 'a list goes into Parquet; CSV takes a column for each number'
      : 'it must be finite';
  return new CocoError(`${where}: number ${at + 1} of the vector is ${shown(value)}; ${wanted}.`);
}
