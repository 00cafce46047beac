import * as tf from '@tensorflow/tfjs-core';
import { type DropoutOptions, dropoutMask } from './dropout.js';
import { customOp } from './tape.js';

export interface AttentionOptions {
  /** Added to the scores; broadcastable to [B, A, T, S]. Use −1e9, not −Infinity: see `causalMask`. */
  readonly mask?: tf.Tensor;
  /** Multiplies the scores. Default 1 / √d. */
  readonly scale?: number;
  /** On the attention weights. */
  readonly dropout?: DropoutOptions;
}

/**
 * Scaled dot-product attention (Vaswani et al. 2017): softmax(q · kᵀ · scale + mask) · v. Keys and values may have fewer
 * heads than queries (grouped queries, Ainslie et al. 2023); head a of q then reads head ⌊a / (A / A')⌋.
 * @param q [B, A, T, d] @param k [B, A', S, d] @param v [B, A', S, d], A a multiple of A' @returns [B, A, T, d]
 */
export function attention(
  q: tf.Tensor4D,
  k: tf.Tensor4D,
  v: tf.Tensor4D,
  { mask, scale = 1 / Math.sqrt(q.shape[3]), dropout }: AttentionOptions = {},
): tf.Tensor4D {
  const [batchSize, heads, length, size] = q.shape;
  const [, groups, keys] = k.shape;
  const scoreShape: [number, number, number, number] = [batchSize, heads, length, keys];
  const queryRows = (heads / groups) * length;
  // Heads that share keys lie side by side, so they are rows of one product.
  const grouped = (x: tf.Tensor): tf.Tensor4D => tf.reshape(x, [batchSize, groups, queryRows, -1]);
  return customOp(
    { q, k, v },
    (save) => {
      const scaled = scale === 1 ? q : tf.mul(q, scale); // [B, A, T, d]
      const scores = tf.reshape(tf.matMul(grouped(scaled), k, false, true), scoreShape);
      const weights = tf.softmax(mask ? tf.add(scores, mask) : scores); // [B, A, T, S]
      const keep = dropout && dropout.rate > 0 ? [dropoutMask(scoreShape, dropout)] : [];
      const kept = keep.length > 0 ? tf.mul(weights, keep[0]) : weights;
      const out = tf.reshape(tf.matMul(grouped(kept), v), [batchSize, heads, length, size]) as tf.Tensor4D;
      save([q, k, v, weights, out, ...keep]);
      return out;
    },
    (dy, [savedQ, savedK, savedV, weights, out, keep]) => {
      const dScores = tf.tidy(() => {
        const dKept = tf.reshape(tf.matMul(grouped(dy), savedV, false, true), scoreShape); // [B, A, T, S]
        const dWeights = keep ? tf.mul(dKept, keep) : dKept;
        const along = tf.sum(tf.mul(dy, out), -1, true); // [B, A, T, 1]: Σ over keys of weight · dWeight
        const unscaled = tf.mul(weights, tf.sub(dWeights, along)); // [B, A, T, S]
        return scale === 1 ? unscaled : tf.mul(unscaled, scale);
      });
      return {
        q: () => tf.reshape(tf.matMul(grouped(dScores), savedK), q.shape),
        k: () => tf.matMul(grouped(dScores), grouped(savedQ), true, false), // [B, A', S, d]
        v: () => tf.matMul(grouped(keep ? tf.mul(weights, keep) : weights), grouped(dy), true, false),
      };
    },
  );
}
