import * as tf from '@tensorflow/tfjs-core';
import { batchMatMulWith } from './batch-mat-mul.js';
import { einsum } from './einsum.js';
import { gather } from './gather.js';
import { greaterEqualWith } from './greater-equal.js';
import { unsortedSegmentSum } from './unsorted-segment-sum.js';

/** Kernels that the published WASM backend (4.22) lacks and a training step needs. */
export const missingKernels: readonly tf.KernelConfig[] = [unsortedSegmentSum, einsum];

/** What takes the place of published kernels that are wrong or needlessly slow; it may call the one that it replaces. */
export const correctedKernels: Readonly<Record<string, (published: tf.KernelConfig) => tf.KernelConfig>> = {
  [tf.GatherV2]: () => gather,
  [tf.GreaterEqual]: greaterEqualWith,
  [tf.BatchMatMul]: batchMatMulWith,
};

let registered = false;

/** Adds and corrects the kernels, once; the WASM backend's own must be registered before. */
export function registerWasmKernels(): void {
  if (registered) return;
  registered = true;
  const known = new Set(tf.getKernelsForBackend('wasm').map((kernel) => kernel.kernelName));
  for (const kernel of missingKernels) if (!known.has(kernel.kernelName)) tf.registerKernel(kernel);
  for (const [name, correct] of Object.entries(correctedKernels)) {
    const published = tf.getKernel(name, 'wasm');
    tf.unregisterKernel(name, 'wasm');
    tf.registerKernel(correct(published));
  }
}
