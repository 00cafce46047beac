import * as tf from '@tensorflow/tfjs-core';
import { CocoError } from '../errors.js';
import { gatherRows } from '../tensor/gather-rows.js';
import type { Rows } from './batch.js';

/** What a pass of a backbone gives. */
export interface EncodedRows {
  /** [P, D], the states of the batch's rows. */
  readonly h: tf.Tensor2D;
  /** [B, T, D], the states of all positions; may be made when it is read, inside the same tidy and tape. */
  readonly states: tf.Tensor3D;
}

/** The states at the rows. @param states [B, T, D] @returns [P, D] */
export function rowsOf(states: tf.Tensor3D, rows: Rows): tf.Tensor2D {
  const [batchSize, length, dimension] = states.shape;
  const ids = rows.sequence.map((b, p) => b * length + rows.position[p]);
  return gatherRows(tf.reshape(states, [batchSize * length, dimension]), tf.tensor1d(ids, 'int32'));
}

/** A shape with the letters of its parts, such as { B: 4, T: 12, D: 8 }. */
type NamedShape = Readonly<Record<string, number>>;

/** @throws CocoError where what a method written by anybody gave is no tensor, or one of another shape */
export function demandShape(value: unknown, shape: NamedShape, source: string): void {
  if (value instanceof Promise) value.catch(() => undefined); // its end no longer matters
  const right = Object.values(shape);
  if (value instanceof tf.Tensor && value.dtype === 'float32' && value.shape.join() === right.join()) return;
  throw new CocoError(
    `${source} gave ${nameOf(value)}; it should give a tensor [${Object.keys(shape).join(', ')}] = [${right.join(', ')}].`,
  );
}

function nameOf(value: unknown): string {
  if (value instanceof tf.Tensor)
    return `a tensor [${value.shape.join(', ')}]${value.dtype === 'float32' ? '' : ` of ${value.dtype}`}`;
  if (value instanceof Promise) return 'a promise (what is asynchronous belongs in "prepare")';
  return value === null || typeof value !== 'object' ? String(value) : 'something that is no tensor';
}
