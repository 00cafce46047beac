import * as tf from '@tensorflow/tfjs-core';

/** The vectors of the last axis as rows; a matrix as it is, since even an idle reshape is a call of the engine. */
export function asRows(x: tf.Tensor, width: number): tf.Tensor2D {
  return x.rank === 2 ? (x as tf.Tensor2D) : tf.reshape(x, [-1, width]);
}

/** Rows in the shape they came from. */
export function inShape(rows: tf.Tensor, shape: readonly number[]): tf.Tensor {
  return shape.length === 2 ? rows : tf.reshape(rows, [...shape]);
}
