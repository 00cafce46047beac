import * as tf from '@tensorflow/tfjs-core';

type Method = (this: tf.Tensor, ...rest: never[]) => tf.Tensor;

/** By name, what tfjs-layers calls on tensors: its orthogonal initialiser, the default of recurrent layers. */
const methods: Readonly<Record<string, Method>> = {
  flatten() {
    return tf.reshape(this, [this.size]);
  },
  reshape(shape: number[]) {
    return tf.reshape(this, shape);
  },
  transpose() {
    return tf.transpose(this);
  },
  sign() {
    return tf.sub(tf.cast(tf.greater(this, 0), 'float32'), tf.cast(tf.less(this, 0), 'float32')); // on every engine
  },
  stridedSlice(begin: number[], end: number[], strides: number[]) {
    return tf.stridedSlice(this, begin, end, strides);
  },
};

/** tfjs-layers takes it that tensors have methods, which only the large package `@tensorflow/tfjs` gives them. */
export function registerChainedOps(): void {
  for (const [name, method] of Object.entries(methods)) {
    if (!(name in tf.Tensor.prototype)) Object.defineProperty(tf.Tensor.prototype, name, { value: method });
  }
}
