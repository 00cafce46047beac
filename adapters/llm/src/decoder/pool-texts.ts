import * as tf from '@tensorflow/tfjs-core';
import type { LocalDecoder } from './local-decoder.js';

/** How a text becomes a vector. */
export interface View {
  /** The mean over the text's own tokens of the states after the final norm, or the state of the last token of all. */
  readonly pooling: 'mean' | 'last';
  /** After so many blocks. */
  readonly layers: number;
}

/** Token ids, among which the text stands from `start` to before `end`. */
export interface TextRow {
  readonly ids: ArrayLike<number>;
  readonly start: number;
  readonly end: number;
}

/** A text with nothing around it. */
export const bareText = (ids: ArrayLike<number>): TextRow => ({ ids, start: 0, end: ids.length });

/**
 * Vectors of texts, all views in one reading. A text without tokens gets the zero vector. Call it inside a tidy.
 * @param rows [B] @param views at least one @returns [B, views · H]
 */
export function poolTexts(
  decoder: LocalDecoder,
  rows: readonly TextRow[],
  views: readonly View[],
): tf.Tensor2D {
  const [B, T, H] = [rows.length, Math.max(1, ...rows.map(({ ids }) => ids.length)), decoder.hiddenSize];
  const padded = new Int32Array(B * T);
  const weights = { mean: new Float32Array(B * T), last: new Float32Array(B * T) };
  rows.forEach(({ ids, start, end }, b) => {
    padded.set(ids, b * T);
    if (end === start) return;
    weights.mean.fill(1 / (end - start), b * T + start, b * T + end);
    weights.last[b * T + ids.length - 1] = 1;
  });
  const flat = decoder.embed(tf.tensor1d(padded, 'int32')); // [B · T, H]
  const embeddings: tf.Tensor3D = tf.reshape(flat, [B, T, H]);
  const lengths = Int32Array.from(rows, ({ ids }) => ids.length);
  const depths = [...new Set(views.map(({ layers }) => layers))].sort((a, b) => a - b);
  const states = decoder.statesAfter(embeddings, lengths, depths); // [B, T, H] each
  const pooled = views.map(({ pooling, layers }) =>
    tf.matMul(tf.tensor3d(weights[pooling], [B, 1, T]), states[depths.indexOf(layers)]),
  );
  return tf.reshape(tf.concat(pooled, 2), [B, views.length * H]);
}
