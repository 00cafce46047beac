import * as tf from '@tensorflow/tfjs-core';
import { CocoError } from '../errors.js';
import type { Random } from '../random.js';

export interface GradientCheckOptions {
  /** Source of the directions and of the weights that make the output a scalar. */
  readonly random: Random;
  /** Step of the central difference. Default 2e-2: float32 is at its best from 1e-2 to 3e-2. */
  readonly epsilon?: number;
  /** Random directions tried. Default 8. */
  readonly directions?: number;
  /** Largest difference, relative to the gradient's norm. Default 1e-2. */
  readonly tolerance?: number;
}

/**
 * Compares the gradient of `f` with central differences along random directions through all inputs at once. The output
 * is weighted with random numbers, summed in float64.
 * @param f synchronous and deterministic, a float output of any shape
 * @param inputs float tensors; left as they are
 * @returns the largest relative difference found
 * @throws CocoError if it is above the tolerance or not finite
 */
export function checkGradients(
  f: (...inputs: tf.Tensor[]) => tf.Tensor,
  inputs: readonly tf.Tensor[],
  { random, epsilon = 2e-2, directions = 8, tolerance = 1e-2 }: GradientCheckOptions,
): number {
  const normals = (size: number): Float32Array => Float32Array.from({ length: size }, () => random.normal());
  const values = inputs.map((input) => Float32Array.from(input.dataSync()));
  const shape = tf.tidy(() => f(...inputs).shape);
  const weights = normals(shape.reduce((a, b) => a * b, 1));
  const gradients = analyticGradients(f, inputs, weights, shape);
  let worst = 0;
  for (let i = 0; i < directions; i++) {
    const direction = values.map((value) => normals(value.length));
    const along = (step: number): number => shiftedValue({ f, inputs, values, direction, weights }, step);
    const numeric = (along(epsilon) - along(-epsilon)) / (2 * epsilon);
    const analytic = direction.reduce((sum, part, at) => sum + dot(part, gradients[at]), 0);
    const norm = Math.sqrt(gradients.reduce((sum, gradient) => sum + dot(gradient, gradient), 0));
    const error = Math.abs(numeric - analytic) / Math.max(norm, Math.abs(numeric), Number.MIN_VALUE);
    if (!(error <= tolerance)) {
      throw new CocoError(
        `The gradient is wrong in direction ${i + 1}: ${analytic}, by central differences ${numeric} ` +
          `(relative difference ${error.toExponential(1)}, allowed ${tolerance}).`,
      );
    }
    worst = Math.max(worst, error);
  }
  return worst;
}

function analyticGradients(
  f: (...inputs: tf.Tensor[]) => tf.Tensor,
  inputs: readonly tf.Tensor[],
  weights: Float32Array,
  shape: number[],
): Float32Array[] {
  // Arrays are read outside the tidy: it would search them for tensors, number by number.
  const grads = tf.tidy(() => tf.valueAndGrads(f)([...inputs], tf.tensor(weights, shape)).grads);
  const arrays = grads.map((gradient) => Float32Array.from(gradient.dataSync()));
  tf.dispose(grads);
  return arrays;
}

interface Shifted {
  readonly f: (...inputs: tf.Tensor[]) => tf.Tensor;
  readonly inputs: readonly tf.Tensor[];
  readonly values: readonly Float32Array[];
  readonly direction: readonly Float32Array[];
  readonly weights: Float32Array;
}

/** The weighted output at inputs + step · direction. */
function shiftedValue({ f, inputs, values, direction, weights }: Shifted, step: number): number {
  return tf.tidy(() => {
    const shifted = inputs.map((input, at) =>
      tf.tensor(
        values[at].map((value, i) => value + step * direction[at][i]),
        input.shape,
      ),
    );
    return dot(weights, f(...shifted).dataSync());
  });
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
