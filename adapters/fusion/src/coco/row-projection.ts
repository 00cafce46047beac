import * as tf from '@tensorflow/tfjs-core';
import { customOp } from '@coco-rec/core';
import type { RowMask } from './contradiction.js';

export interface ProjectedStates {
  /** States of S sequences. Rows with M = 0 teach it (all rows without a mask). [S, N, H] */
  readonly states: tf.Tensor3D;
  /** The same values; rows with M = 1 teach it. [S, N, H] */
  readonly helpedStates?: tf.Tensor3D;
  /** Which sequence a row reads. [P'] */
  readonly sequenceOf: Int32Array;
  readonly mask?: RowMask;
}

/**
 * Projects the states of each sequence once and deals them to its rows. The weight learns from every row; the states
 * learn from the rows that the mask lets through.
 * @param weight [H, W] @returns [P', N, W]
 */
export function projectToRows(input: ProjectedStates, weight: tf.Tensor): tf.Tensor3D {
  const { states, helpedStates, sequenceOf, mask } = input;
  const [S, N, H] = states.shape;
  const [, W] = weight.shape as [number, number];
  const P = sequenceOf.length;
  const flat = (x: tf.Tensor): tf.Tensor2D => tf.reshape(x, [S * N, H]);
  /** Sums the gradients of a sequence's rows. */
  const collect = (dy: tf.Tensor): tf.Tensor2D => {
    const sums = tf.unsortedSegmentSum(tf.reshape(dy, [P, N * W]), tf.tensor1d(sequenceOf, 'int32'), S);
    return tf.reshape(sums, [S * N, W]);
  };
  const back = (dy: tf.Tensor, w: tf.Tensor): tf.Tensor3D =>
    tf.reshape(tf.matMul(collect(dy), w as tf.Tensor2D, false, true), [S, N, H]);
  return customOp(
    { states, helpedStates, weight },
    (save) => {
      save([states, weight]);
      const projected = tf.reshape(tf.matMul(flat(states), weight as tf.Tensor2D), [S, N * W]);
      return tf.reshape(tf.gather(projected, tf.tensor1d(sequenceOf, 'int32')), [P, N, W]) as tf.Tensor3D;
    },
    (dy, [savedStates, savedWeight]) => ({
      states: () => back(mask ? mask.keep(dy) : dy, savedWeight),
      helpedStates: () => back(mask ? mask.keep(dy, true) : dy, savedWeight),
      weight: () => tf.matMul(flat(savedStates), collect(dy), true, false), // [H, W]
    }),
  );
}
