import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-layers'; // registers the gradients of the engine's kernels

/** Tests of this package run on tfjs's own CPU engine; the `test` package runs the decoder on every engine. */
export async function startTestEngine(): Promise<void> {
  await tf.setBackend('cpu');
  await tf.ready();
}
