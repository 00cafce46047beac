import type * as tf from '@tensorflow/tfjs-core';
import type { AttentionOptions } from './attention.js';
import * as direct from './direct.js';
import { dropoutMask } from './dropout.js';
import { customOp } from './tape.js';

export interface JoinedAttentionOptions extends AttentionOptions {
  /** B; T is the number of rows over it. */
  readonly batchSize: number;
  /** A. */
  readonly heads: number;
}

/**
 * `attention` of vectors to those of their own sequence, all heads, from queries, keys and values side by side as one
 * product makes them; as one op, since the many small ops that take them apart cost more than the attention.
 * @param joined [B·T, 3·D]: query, key and value of each vector, each of them its heads' parts one after another
 * @returns [B·T, D], the heads' parts one after another
 */
export function joinedAttention(joined: tf.Tensor2D, options: JoinedAttentionOptions): tf.Tensor2D {
  const { mask, dropout } = options;
  const layout = layoutOf(joined.shape, options);
  const scale = options.scale ?? 1 / Math.sqrt(layout.size);
  return customOp(
    { joined },
    (save) => {
      const [q, k, v] = layout.apart(joined); // [B, A, T, d] each; with one head [B, T, d]
      const scaled = direct.scale(q, scale);
      const scores = direct.matMul(scaled, k, false, true); // [B, A, T, T]
      const weights = direct.softmax(mask ? direct.add(scores, layout.fit(mask)) : scores);
      const keep = dropout && dropout.rate > 0 ? dropoutMask(weights.shape, dropout) : undefined;
      const kept = keep ? direct.mul(weights, keep) : weights;
      const out = direct.matMul(kept, v); // [B, A, T, d]
      save([scaled, k, v, weights, kept, out, ...(keep ? [keep] : [])]);
      return layout.together([out]) as tf.Tensor2D;
    },
    (dy, [scaled, k, v, weights, kept, out, keep]) => ({
      joined: () => {
        const [dOut] = layout.apart(dy); // [B, A, T, d]
        const dKept = direct.matMul(dOut, v, false, true); // [B, A, T, T]
        const dWeights = (keep as tf.Tensor | undefined) ? direct.mul(dKept, keep) : dKept;
        // Σ over keys of weight · dWeight
        const along = direct.sum(direct.mul(dOut, out), -1, true); // [B, A, T, 1]
        const dScores = direct.mul(weights, direct.sub(dWeights, along)); // [B, A, T, T]
        return layout.together([
          direct.scale(direct.matMul(dScores, k), scale),
          direct.matMul(dScores, scaled, true, false),
          direct.matMul(kept, dOut, true, false),
        ]);
      },
    }),
  );
}

/** Between rows and heads. */
interface Layout {
  /** d. */
  readonly size: number;
  /** @param rows [B·T, n·D] @returns n tensors [B, A, T, d] */
  apart(rows: tf.Tensor): tf.Tensor[];
  /** The other way round. */
  together(parts: readonly tf.Tensor[]): tf.Tensor;
  /** @param mask broadcastable to [B, A, T, T] @returns broadcastable to the scores */
  fit(mask: tf.Tensor): tf.Tensor;
}

function layoutOf([rows, width]: readonly number[], { batchSize, heads }: JoinedAttentionOptions): Layout {
  const D = width / 3;
  const length = rows / batchSize;
  return heads === 1 ? oneHead(batchSize, length, D) : manyHeads(batchSize, length, D, heads);
}

/** Without an axis of heads there is nothing to transpose. */
function oneHead(B: number, T: number, D: number): Layout {
  return {
    size: D,
    apart: (rows) => {
      const count = rows.size / (B * T * D);
      const sequences = direct.reshape(rows, [B, T, count * D]);
      return count === 1 ? [sequences] : direct.splitColumns(sequences, count);
    },
    together: (parts) =>
      direct.reshape(parts.length === 1 ? parts[0] : direct.concatColumns(parts), [B * T, parts.length * D]),
    fit: (mask) => direct.reshape(mask, [mask.shape[0], ...mask.shape.slice(2)] as number[]),
  };
}

function manyHeads(B: number, T: number, D: number, heads: number): Layout {
  const d = D / heads;
  return {
    size: d,
    apart: (rows) => {
      const count = rows.size / (B * T * D);
      const parts = direct.reshape(rows, [B, T, count, heads, d]);
      const turned = direct.transpose(parts, [2, 0, 3, 1, 4]); // [count, B, A, T, d]
      return direct.unstack(turned);
    },
    together: (parts) => {
      const turned = direct.transpose(direct.stack(parts), [1, 3, 0, 2, 4]); // [B, T, count, A, d]
      return direct.reshape(turned, [B * T, parts.length * D]);
    },
    fit: (mask) => mask,
  };
}
