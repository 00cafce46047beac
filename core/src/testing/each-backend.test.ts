import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import '@tensorflow/tfjs-layers'; // registers the gradients of the engine's kernels

/** Declares the same tests once on each engine that needs no installation. */
export function eachBackend(declare: (backend: 'cpu' | 'wasm') => void): void {
  for (const backend of ['cpu', 'wasm'] as const) {
    describe(`on ${backend}`, () => {
      before(async () => {
        await tf.setBackend(backend);
        await tf.ready();
      });
      declare(backend);
    });
  }
}

/** Tensors that `run` leaves behind. */
export function leaked(run: () => void): number {
  const before = tf.memory().numTensors;
  run();
  return tf.memory().numTensors - before;
}
