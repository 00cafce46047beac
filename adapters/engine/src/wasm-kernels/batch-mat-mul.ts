import * as tf from '@tensorflow/tfjs-core';
import { sizeOf, wasmKernel } from './heap.js';

interface MatMulInputs {
  readonly a: tf.TensorInfo;
  readonly b: tf.TensorInfo;
}

interface MatMulAttributes {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

/**
 * The published kernel (4.22) multiplies two matrices fast only if neither is transposed, else one number at a time: a
 * gradient costs ten to twenty times its forward pass. Here a transposed matrix is transposed first. Batches go to the
 * published kernel, which has no fast way for them.
 */
export function batchMatMulWith(published: tf.KernelConfig): tf.KernelConfig {
  const { kernelFunc } = wasmKernel<MatMulInputs, MatMulAttributes>(
    tf.BatchMatMul,
    ({ inputs: { a, b }, attrs, backend }) => {
      const turn = (x: tf.TensorInfo): tf.TensorInfo => {
        const perm = x.shape.map((_, axis) => axis);
        perm.push(...perm.splice(-2).reverse());
        const { kernelFunc: transpose } = tf.getKernel(tf.Transpose, 'wasm');
        return transpose({ inputs: { x }, attrs: { perm }, backend }) as tf.TensorInfo;
      };
      const isMatrix = [a, b].every(({ shape }) => sizeOf(shape.slice(0, -2)) === 1);
      const { transposeA, transposeB } = attrs;
      if (!isMatrix || !(transposeA || transposeB))
        return published.kernelFunc({ inputs: { a, b }, attrs: { transposeA, transposeB }, backend });
      const turned = { a: transposeA ? turn(a) : a, b: transposeB ? turn(b) : b };
      const plain = { transposeA: false, transposeB: false };
      const product = published.kernelFunc({ inputs: turned, attrs: plain, backend });
      if (transposeA) backend.disposeData(turned.a.dataId);
      if (transposeB) backend.disposeData(turned.b.dataId);
      return product;
    },
  );
  return { ...published, kernelFunc }; // its set-up, run when the backend starts, is still needed
}
