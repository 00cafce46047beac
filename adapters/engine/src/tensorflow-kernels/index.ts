import * as tf from '@tensorflow/tfjs-core';
import { adamUpdate } from './adam-update.js';
import { leanKernels } from './lean-kernels.js';

let registered = false;

/** Kernels that tfjs does not know and our ops take where they are. */
const ownKernels: readonly tf.KernelConfig[] = [adamUpdate];

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
