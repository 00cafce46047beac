import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { Random } from '../random.js';
import { normals } from '../testing/close-to.test.js';
import { eachBackend } from '../testing/each-backend.test.js';
import { linear } from './linear.js';

describe('linear', () => {
  eachBackend(() => {
    it('a frozen weight costs no gradient', () => {
      const x = normals([3, 4], new Random(1));
      const weight = normals([4, 5], new Random(2));
      const shapes: string[] = [];
      const known = tf.getKernelsForBackend(tf.getBackend());
      const replace = (kernels: readonly tf.KernelConfig[]): void => {
        for (const kernel of kernels) {
          tf.unregisterKernel(kernel.kernelName, kernel.backendName);
          tf.registerKernel(kernel);
        }
      };
      const noted = (kernel: tf.KernelConfig): tf.KernelConfig => ({
        ...kernel,
        kernelFunc: (given) => {
          const result = kernel.kernelFunc(given);
          for (const { shape } of [result].flat()) shapes.push(shape.join());
          return result;
        },
      });
      replace(known.map(noted));
      try {
        tf.grad((v) => linear(v, weight))(x);
      } finally {
        replace(known);
      }
      assert.ok(shapes.includes('3,5'));
      assert.equal(shapes.filter((shape) => shape === '4,5').length, 1); // the saved weight, no gradient of its shape
    });
  });
});
