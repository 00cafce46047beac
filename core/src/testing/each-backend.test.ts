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
        registerSegmentSum(backend);
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

/** A kernel that the published WASM engine lacks, and the CPU engine has in a form that takes seconds: plain loops. */
function registerSegmentSum(backendName: string): void {
  const kernelName = 'UnsortedSegmentSum';
  if (tf.getKernel(kernelName, backendName)) tf.unregisterKernel(kernelName, backendName);
  tf.registerKernel({
    kernelName,
    backendName,
    kernelFunc: ({ inputs, attrs }) => {
      const { x, segmentIds } = inputs as Record<string, tf.TensorInfo>;
      const count = (attrs as { numSegments: number }).numSegments;
      const values = tf.engine().readSync(x.dataId) as Float32Array;
      const ids = tf.engine().readSync(segmentIds.dataId) as Int32Array;
      const width = x.shape.slice(1).reduce((a, b) => a * b, 1);
      const sums = new Float32Array(count * width);
      ids.forEach((id, row) => {
        for (let i = 0; i < width; i++) sums[id * width + i] += values[row * width + i];
      });
      return tf.engine().makeTensor(sums, [count, ...x.shape.slice(1)], 'float32');
    },
  });
}
