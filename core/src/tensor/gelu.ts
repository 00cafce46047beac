import * as tf from '@tensorflow/tfjs-core';
import { customOp } from './tape.js';

const rootHalf = Math.SQRT1_2;
const density = 1 / Math.sqrt(2 * Math.PI);
const rootTwoOverPi = Math.sqrt(2 / Math.PI);
const cubic = 0.044715;

/**
 * Gaussian error linear unit, x · Φ(x) (Hendrycks and Gimpel 2016).
 * @param x any shape @param form `exact` (with erf) or the `tanh` approximation @returns x's shape
 */
export function gelu<T extends tf.Tensor>(x: T, form: 'exact' | 'tanh' = 'exact'): T {
  return form === 'exact' ? exactGelu(x) : tanhGelu(x);
}

function exactGelu<T extends tf.Tensor>(x: T): T {
  return customOp(
    { x },
    (save) => {
      const below = tf.mul(tf.add(tf.erf(tf.mul(x, rootHalf)), 1), 0.5); // Φ(x)
      save([x, below]);
      return tf.mul(x, below) as T;
    },
    (dy, [savedX, below]) => ({
      x: () => {
        const bell = tf.mul(tf.exp(tf.mul(tf.square(savedX), -0.5)), density); // φ(x)
        return tf.mul(dy, tf.add(below, tf.mul(savedX, bell)));
      },
    }),
  );
}

function tanhGelu<T extends tf.Tensor>(x: T): T {
  return customOp(
    { x },
    (save) => {
      const inner = tf.mul(tf.mul(x, tf.add(tf.mul(tf.square(x), cubic), 1)), rootTwoOverPi);
      const bent = tf.tanh(inner);
      save([x, bent]);
      return tf.mul(tf.mul(x, 0.5), tf.add(bent, 1)) as T;
    },
    (dy, [savedX, bent]) => ({
      x: () => {
        const slope = tf.mul(tf.add(tf.mul(tf.square(savedX), 3 * cubic), 1), rootTwoOverPi); // of the inner term
        const rising = tf.mul(tf.mul(savedX, slope), tf.sub(1, tf.square(bent)));
        return tf.mul(tf.mul(dy, 0.5), tf.add(tf.add(bent, 1), rising));
      },
    }),
  );
}
