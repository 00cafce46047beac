import * as tf from '@tensorflow/tfjs-core';
import { engineKernel } from './engine-kernel.js';

/** What one step of Adam changes. */
export interface AdamTensors {
  readonly variable: tf.Variable;
  /** Running mean of the gradients; the variable's shape. */
  readonly first: tf.Variable;
  /** Running mean of the squared gradients; the variable's shape. */
  readonly second: tf.Variable;
}

export interface AdamNumbers {
  readonly beta1: number;
  readonly beta2: number;
  /** Learning rate with the bias corrections. */
  readonly stepSize: number;
  /** With the second moment's bias correction. */
  readonly epsilon: number;
  /** Factor of the old values: decoupled weight decay. */
  readonly decay: number;
  /** Factor of the gradient: clipping. */
  readonly shrink: number;
}

/** The kernel by which an engine does this in one pass; its attributes are `AdamNumbers`, it changes its inputs. */
export const adamKernel = 'CocoAdamUpdate';

/** Changes the variable and its moments by one step of Adam (Kingma and Ba, 2015). @param gradient the variable's shape */
export function adamUpdate(tensors: AdamTensors, gradient: tf.Tensor, numbers: AdamNumbers): void {
  const kernel = engineKernel(adamKernel);
  if (kernel) kernel({ ...tensors, gradient }, { ...numbers });
  else tf.tidy(() => plainUpdate(tensors, gradient, numbers));
}

/** The same by ops that every engine has. */
export function plainUpdate(
  { variable, first, second }: AdamTensors,
  gradient: tf.Tensor,
  { beta1, beta2, stepSize, epsilon, decay, shrink }: AdamNumbers,
): void {
  first.assign(tf.add(tf.mul(first, beta1), tf.mul(gradient, (1 - beta1) * shrink)));
  second.assign(tf.add(tf.mul(second, beta2), tf.mul(tf.square(gradient), (1 - beta2) * shrink * shrink)));
  const change = tf.div(tf.mul(first, stepSize), tf.add(tf.sqrt(second), epsilon));
  variable.assign(tf.sub(decay === 1 ? variable : tf.mul(variable, decay), change) as typeof variable);
}
