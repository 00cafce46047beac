import * as tf from '@tensorflow/tfjs-core';
import { customOp } from './tape.js';

/**
 * The gate of a SwiGLU feed-forward (Shazeer 2020): gate · sigmoid(gate) · up.
 * @param gate any shape @param up gate's shape @returns gate's shape
 */
export function swiGlu<T extends tf.Tensor>(gate: T, up: T): T {
  return customOp(
    { gate, up },
    (save) => {
      const open = tf.sigmoid(gate);
      const silu = tf.mul(gate, open);
      save([up, open, silu]);
      return tf.mul(silu, up) as T;
    },
    (dy, [savedUp, open, silu]) => ({
      // silu' = s + silu · (1 − s) = s + silu − silu · s
      gate: () => tf.mul(tf.mul(dy, savedUp), tf.add(open, tf.mul(silu, tf.sub(1, open)))),
      up: () => tf.mul(dy, silu),
    }),
  );
}
