import type * as tf from '@tensorflow/tfjs-core';
import { reshape } from './direct.js';

/** For the inside of `customOp`: the vectors of the last axis as rows; a matrix as it is, since even an idle reshape is a call of the engine. */
export function asRows(x: tf.Tensor, width: number): tf.Tensor2D {
  return x.rank === 2 ? (x as tf.Tensor2D) : (reshape(x, [x.size / width, width]) as tf.Tensor2D);
}

/** Rows in the shape they came from. */
export function inShape(rows: tf.Tensor, shape: readonly number[]): tf.Tensor {
  return shape.length === 2 ? rows : reshape(rows, shape);
}
