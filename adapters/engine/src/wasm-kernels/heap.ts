import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import type * as tf from '@tensorflow/tfjs-core';

/** What a kernel of this folder is called with. */
export interface WasmKernelArguments<Inputs, Attributes> {
  readonly inputs: Inputs;
  readonly attrs: Attributes;
  readonly backend: BackendWasm;
}

/** A kernel of the WASM backend with the types of its inputs and attributes. */
export function wasmKernel<Inputs, Attributes>(
  kernelName: string,
  compute: (kernel: WasmKernelArguments<Inputs, Attributes>) => tf.TensorInfo | tf.TensorInfo[],
): tf.KernelConfig {
  return { kernelName, backendName: 'wasm', kernelFunc: compute as unknown as tf.KernelFunc };
}

/** @returns the number of values of a shape, 1 for a scalar. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}
