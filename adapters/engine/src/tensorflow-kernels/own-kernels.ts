import type * as tf from '@tensorflow/tfjs-core';
import { halfSquaresKernel, reluGradientKernel, scaleKernel, shiftKernel } from '@coco-rec/core';
import { adamUpdate } from './adam-update.js';
import { type NativeBackend, noAttributes, numberOf, runOp } from './native-backend.js';
import { rowUpdate } from './row-update.js';

/** x by a number, which needs no tensor of tfjs. */
function withNumber(kernelName: string, op: string): tf.KernelConfig {
  return {
    kernelName,
    backendName: 'tensorflow',
    kernelFunc: ({ inputs, attrs, backend }) => {
      const native = backend as NativeBackend;
      const number = numberOf(native, (attrs as unknown as { number: number }).number);
      return runOp(native, op, [(inputs as Record<string, tf.TensorInfo>).x], noAttributes, number);
    },
  };
}

const reluGradient: tf.KernelConfig = {
  kernelName: reluGradientKernel,
  backendName: 'tensorflow',
  kernelFunc: ({ inputs, backend }) => {
    const { dy, y } = inputs as Record<string, tf.TensorInfo>;
    return runOp(backend as NativeBackend, 'ReluGrad', [dy, y]);
  },
};

const halfSquares: tf.KernelConfig = {
  kernelName: halfSquaresKernel,
  backendName: 'tensorflow',
  kernelFunc: ({ inputs, backend }) =>
    runOp(backend as NativeBackend, 'L2Loss', [(inputs as Record<string, tf.TensorInfo>).x]),
};

/** Kernels that tfjs does not know and our ops take where they are. */
export const ownKernels: readonly tf.KernelConfig[] = [
  adamUpdate,
  rowUpdate,
  withNumber(scaleKernel, 'Mul'),
  withNumber(shiftKernel, 'AddV2'),
  reluGradient,
  halfSquares,
];
