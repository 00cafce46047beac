import * as tf from '@tensorflow/tfjs-core';
import { asRows, inShape } from './as-rows.js';
import { type DropoutOptions, dropoutMask } from './dropout.js';
import { linear } from './linear.js';
import { customOp } from './tape.js';

/** A low-rank update of a frozen weight (Hu et al. 2021): scale · a · b. */
export interface Lora {
  /** [in, r] */
  readonly a: tf.Tensor;
  /** [r, out] */
  readonly b: tf.Tensor;
  /** α / r. */
  readonly scale: number;
  /** On the input of a. */
  readonly dropout?: DropoutOptions;
}

/**
 * x · weight + bias + scale · dropout(x) · a · b.
 * @param x [..., in] @param weight [in, out], usually frozen: its gradient is computed only if asked for
 * @param bias [out] @returns [..., out]
 */
export function loraLinear<T extends tf.Tensor>(x: T, weight: tf.Tensor, lora?: Lora, bias?: tf.Tensor): T {
  const base = linear(x, weight, bias);
  return lora ? (tf.add(base, lowRank(x, lora)) as T) : base;
}

/** scale · dropout(x) · a · b. @param x [..., in] @returns [..., out] */
function lowRank<T extends tf.Tensor>(x: T, { a, b, scale, dropout }: Lora): T {
  const size = a.shape[0] as number;
  const outSize = b.shape[1] as number;
  return customOp(
    { x, a, b },
    (save) => {
      const keep = dropout && dropout.rate > 0 ? [dropoutMask(x.shape, dropout)] : [];
      const kept = asRows(keep.length > 0 ? tf.mul(x, keep[0]) : x, size); // [N, in]
      const narrow = tf.mul(tf.matMul(kept, a as tf.Tensor2D), scale); // [N, r]
      save([kept, narrow, a, b, ...keep]);
      return inShape(tf.matMul(narrow, b as tf.Tensor2D), [...x.shape.slice(0, -1), outSize]) as T;
    },
    (dy, [kept, narrow, savedA, savedB, keep]) => {
      const dRows = asRows(dy, outSize); // [N, out]
      const dNarrow = tf.tidy(() => tf.mul(tf.matMul(dRows, savedB, false, true), scale)); // [N, r], for x and a
      return {
        x: () => {
          const dx = inShape(tf.matMul(dNarrow, savedA, false, true), x.shape);
          return keep ? tf.mul(dx, keep) : dx;
        },
        a: () => tf.matMul(kept, dNarrow, true, false), // [in, r]
        b: () => tf.matMul(narrow, dRows, true, false), // [r, out]
      };
    },
  );
}
