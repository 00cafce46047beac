import * as tf from '@tensorflow/tfjs-core';
import { type Lora, attention, linear, loraLinear, rmsNorm, rotary } from '@coco-rec/core';
import type { ModelConfig } from '../model-config.js';
import type { BlockWeights } from './decoder-weights.js';

/** Keys and values of the positions read before, [B, A', S, d] each. */
// A type, not an interface: tfjs takes it for a container of tensors.
export type KeyValues = {
  readonly keys: tf.Tensor4D;
  readonly values: tf.Tensor4D;
};

export interface BlockPass {
  /** [T, d] of the positions read now. */
  readonly cos: tf.Tensor;
  readonly sin: tf.Tensor;
  /** Additive, broadcastable to [B, A, T, S + T]. */
  readonly mask?: tf.Tensor;
  readonly past?: KeyValues;
  readonly queryLora?: Lora;
  readonly valueLora?: Lora;
}

/**
 * One block of a Llama or Qwen3 decoder: RMS norm, grouped-query attention with rotary positions (Qwen3: RMS norm of each
 * head's queries and keys first), RMS norm, SwiGLU feed-forward, each added to the stream.
 * @param x [B, T, H] @returns the stream [B, T, H], and keys and values of all positions read so far
 */
export function decoderBlock(
  x: tf.Tensor3D,
  weights: BlockWeights,
  config: ModelConfig,
  pass: BlockPass,
): { x: tf.Tensor3D } & KeyValues {
  const { numHeads, numKeyValueHeads, headSize, normEpsilon: epsilon } = config;
  const [B, T, H] = x.shape;
  const heads = (y: tf.Tensor, count: number): tf.Tensor4D =>
    tf.transpose(tf.reshape(y, [B, T, count, headSize]), [0, 2, 1, 3]); // [B, A, T, d]
  const turned = (y: tf.Tensor4D, gain?: tf.Tensor): tf.Tensor4D =>
    rotary(gain ? rmsNorm(y, gain, epsilon) : y, pass.cos, pass.sin);
  const normal = rmsNorm(x, weights.inputNorm, epsilon);
  const q = turned(heads(loraLinear(normal, weights.query, pass.queryLora), numHeads), weights.queryNorm);
  const newKeys = turned(heads(linear(normal, weights.key), numKeyValueHeads), weights.keyNorm);
  const newValues = heads(loraLinear(normal, weights.value, pass.valueLora), numKeyValueHeads);
  const keys = pass.past ? tf.concat([pass.past.keys, newKeys], 2) : newKeys; // [B, A', S + T, d]
  const values = pass.past ? tf.concat([pass.past.values, newValues], 2) : newValues;
  const mixed = attention(q, keys, values, { mask: pass.mask }); // [B, A, T, d]
  const joined = tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [B, T, numHeads * headSize]);
  const attended = tf.add(x, linear(joined, weights.output)) as tf.Tensor3D; // [B, T, H]
  const inner = rmsNorm(attended, weights.feedForwardNorm, epsilon);
  const gated = tf.mul(silu(linear(inner, weights.gate)), linear(inner, weights.up)); // [B, T, F]
  const out = tf.add(attended, linear(gated, weights.down)) as tf.Tensor3D;
  return { x: tf.reshape(out, [B, T, H]), keys, values };
}

/** x · sigmoid(x). */
function silu(x: tf.Tensor): tf.Tensor {
  return tf.mul(x, tf.sigmoid(x));
}
