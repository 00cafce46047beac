import * as tf from '@tensorflow/tfjs-core';

/** So long is one rate measured, or for one product where that takes longer. */
const milliseconds = 150;

/** GFLOPS of a square matrix product of this size, the mean of a few in a row. */
export function matmulRate(size: number): number {
  return tf.tidy(() => {
    const [a, b] = [tf.randomUniform([size, size]), tf.randomUniform([size, size])];
    const run = (): void => void tf.matMul(a, b).dispose();
    run();
    const startedAt = performance.now();
    let products = 0;
    do {
      run();
      products++;
    } while (performance.now() - startedAt < milliseconds);
    return (products * 2 * size ** 3) / 1e6 / (performance.now() - startedAt);
  });
}
