import * as tf from '@tensorflow/tfjs-core';
import { linearCrossEntropy } from '../tensor/linear-cross-entropy.js';
import type { LossDescriptor } from './loss.js';

/** The full softmax has no keys. */
export class SoftmaxLossConfig {}

export const softmaxLoss: LossDescriptor<SoftmaxLossConfig> = {
  id: 'softmax',
  summary: 'Cross-entropy of the target against all items.',
  config: SoftmaxLossConfig,
  create: () => (states, rows, items) => {
    const labels = tf.tensor1d(rows.target, 'int32'); // [P]
    return linearCrossEntropy(states, items.block(0, items.count), labels);
  },
};
