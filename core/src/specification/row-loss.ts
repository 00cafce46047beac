import type * as tf from '@tensorflow/tfjs-core';
import type { Rows } from './batch.js';
import type { ItemVectors } from './item-vectors.js';
import type { Pass } from './pass.js';

/** Loss of each prediction row. @param states scored states [P, D] @returns [P] */
export type RowLoss = (states: tf.Tensor2D, rows: Rows, items: ItemVectors, pass: Pass) => tf.Tensor1D;
