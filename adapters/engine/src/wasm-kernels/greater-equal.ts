import * as tf from '@tensorflow/tfjs-core';
import { wasmKernel } from './heap.js';

interface CompareInputs {
  readonly a: tf.TensorInfo;
  readonly b: tf.TensorInfo;
}

/**
 * The published kernel (4.22) works out the place of each number where one side is repeated: 150 ns a number. Here rows
 * against one number each, as a ranking compares them, are one loop. All else goes to the published kernel.
 * a [..., M] float32, b [..., 1] float32 → [..., M] bool
 */
export function greaterEqualWith(published: tf.KernelConfig): tf.KernelConfig {
  const { kernelFunc } = wasmKernel<CompareInputs, tf.NamedAttrMap>(
    tf.GreaterEqual,
    ({ inputs, attrs, backend }) => {
      const { a, b } = inputs;
      if (!isRowwise(a, b)) return published.kernelFunc({ inputs: { a, b }, attrs, backend });
      const result = backend.makeOutput(a.shape, 'bool');
      const output = backend.typedArrayFromHeap(result);
      const values = backend.typedArrayFromHeap(a);
      const limits = backend.typedArrayFromHeap(b);
      const width = a.shape[a.shape.length - 1];
      for (let row = 0, i = 0; row < limits.length; row++) {
        const limit = limits[row];
        for (const end = i + width; i < end; i++) output[i] = values[i] >= limit ? 1 : 0;
      }
      return result;
    },
  );
  return { ...published, kernelFunc }; // its set-up, run when the backend starts, is still needed
}

function isRowwise(a: tf.TensorInfo, b: tf.TensorInfo): boolean {
  const last = a.shape.length - 1;
  if (a.dtype !== 'float32' || b.dtype !== 'float32' || last < 0 || b.shape.length !== last + 1) return false;
  return b.shape.every((length, axis) => length === (axis === last ? 1 : a.shape[axis]));
}
