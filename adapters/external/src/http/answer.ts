import { OutsideError } from '@coco-rec/core';

export interface Expected {
  readonly url: string;
  /** Vectors that were asked for. */
  readonly count: number;
  /** D; undefined: not known yet. */
  readonly width?: number;
  /** null stands for an item that the service does not know. */
  readonly mayLack?: boolean;
}

/** The vectors of an answer. @throws OutsideError in one sentence if they are not what was asked for */
export function readAnswer(answer: unknown, expected: Expected): (Float32Array | undefined)[] {
  const { url, count } = expected;
  const vectors = (answer as { vectors?: unknown } | null)?.vectors;
  if (!Array.isArray(vectors)) {
    const found = JSON.stringify(answer).slice(0, 80);
    throw new OutsideError(`The service at ${url} answered ${found}; expected {"vectors": [[…], …]}.`);
  }
  if (vectors.length !== count) {
    throw new OutsideError(
      `The service at ${url} answered ${vectors.length} vectors; ${count} were asked for.`,
    );
  }
  return vectors.map((vector: unknown, n) => readVector(vector, n, expected));
}

function readVector(vector: unknown, n: number, expected: Expected): Float32Array | undefined {
  const { url, width, mayLack } = expected;
  if (vector === null && mayLack) return undefined;
  if (!Array.isArray(vector)) {
    throw new OutsideError(`The service at ${url}: vector ${n + 1} of its answer is no list of numbers.`);
  }
  if (vector.length === 0) {
    throw new OutsideError(
      `The service at ${url} answered an empty vector (number ${n + 1} of its answer); one holds at least one number.`,
    );
  }
  if (width !== undefined && vector.length !== width) {
    throw new OutsideError(
      `The service at ${url} answered a vector of ${vector.length} numbers; those of the items have ${width}.`,
    );
  }
  const at = vector.findIndex((value) => typeof value !== 'number' || !Number.isFinite(Math.fround(value)));
  if (at >= 0) {
    const value: unknown = vector[at];
    const shown = typeof value === 'number' ? String(value) : JSON.stringify(value);
    const limit = typeof value === 'number' ? ' as a 32-bit number' : '';
    throw new OutsideError(
      `The service at ${url}: number ${at + 1} of vector ${n + 1} is ${shown}; it must be finite${limit}.`,
    );
  }
  return Float32Array.from(vector as number[]);
}
