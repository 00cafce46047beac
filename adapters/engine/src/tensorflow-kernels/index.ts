import * as tf from '@tensorflow/tfjs-core';
import { leanKernels } from './lean-kernels.js';
import { ownKernels } from './own-kernels.js';

let registered = false;

/** Adds our kernels, and puts lean ones in the place of published ones, once; those must be registered before. */
export function registerTensorflowKernels(): void {
  if (registered) return;
  registered = true;
  for (const kernel of ownKernels) tf.registerKernel(kernel);
  for (const [name, correct] of Object.entries(leanKernels)) {
    const published = tf.getKernel(name, 'tensorflow');
    tf.unregisterKernel(name, 'tensorflow');
    tf.registerKernel(correct(published));
  }
}
