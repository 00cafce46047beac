import * as tf from '@tensorflow/tfjs-core';
import type { LocalDecoder } from './local-decoder.js';

/**
 * Vectors of texts: the mean over each one's tokens of the states after the final norm, or the last token's state. A text
 * without tokens gets the zero vector. Call it inside a tidy.
 * @param rows [B] token ids @returns [B, H]
 */
export function poolTexts(
  decoder: LocalDecoder,
  rows: readonly ArrayLike<number>[],
  pooling: 'mean' | 'last',
): tf.Tensor2D {
  const [B, T, H] = [rows.length, Math.max(1, ...rows.map(({ length }) => length)), decoder.hiddenSize];
  const padded = new Int32Array(B * T);
  const weights = new Float32Array(B * T);
  rows.forEach((ids, b) => {
    padded.set(ids, b * T);
    if (ids.length === 0) return;
    if (pooling === 'last') weights[b * T + ids.length - 1] = 1;
    else weights.fill(1 / ids.length, b * T, b * T + ids.length);
  });
  const flat = decoder.embed(tf.tensor1d(padded, 'int32')); // [B · T, H]
  const embeddings: tf.Tensor3D = tf.reshape(flat, [B, T, H]);
  const lengths = Int32Array.from(rows, ({ length }) => length);
  const states = decoder.forward(embeddings, lengths); // [B, T, H]
  return tf.reshape(tf.matMul(tf.tensor3d(weights, [B, 1, T]), states), [B, H]);
}
