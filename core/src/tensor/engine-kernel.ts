import * as tf from '@tensorflow/tfjs-core';

/** Runs a kernel outside any tape. */
export type DirectKernel = (
  inputs: Readonly<Record<string, tf.TensorInfo>>,
  attributes?: Readonly<Record<string, number>>,
) => tf.TensorInfo | tf.TensorInfo[];

/** A kernel that the present engine may have beside tfjs's own; undefined: it has none, take the plain way. */
export function engineKernel(name: string): DirectKernel | undefined {
  const kernel = tf.getKernel(name, tf.getBackend()) as tf.KernelConfig | undefined;
  if (!kernel) return undefined;
  return (inputs, attributes) =>
    kernel.kernelFunc({
      inputs: inputs as tf.NamedTensorInfoMap,
      attrs: attributes as unknown as tf.NamedAttrMap,
      backend: tf.backend(),
    });
}
