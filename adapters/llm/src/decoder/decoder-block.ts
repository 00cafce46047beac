import * as tf from '@tensorflow/tfjs-core';
import { type Lora, attention, linear, loraLinear, rmsNorm, rotary, swiGlu } from '@coco-rec/core';
import type { ModelConfig } from '../model-config.js';
import type { BlockWeights } from './decoder-weights.js';
import type { Packing } from './packing.js';

/** Keys and values of the positions read before, [B, A', S, d] each. */
// A type, not an interface: tfjs takes it for a container of tensors.
export type KeyValues = {
  readonly keys: tf.Tensor4D;
  readonly values: tf.Tensor4D;
};

export interface BlockPass {
  readonly packing: Packing;
  /** [T, d] of the positions read now. */
  readonly cos: tf.Tensor;
  readonly sin: tf.Tensor;
  /** The same times 1 / √d, for the queries: so scores need no scaling. */
  readonly queryCos: tf.Tensor;
  readonly querySin: tf.Tensor;
  /** Additive, broadcastable to [B, A, T, S + T]. */
  readonly mask?: tf.Tensor;
  readonly past?: KeyValues;
  readonly queryLora?: Lora;
  readonly valueLora?: Lora;
}

/**
 * One block of a Llama or Qwen3 decoder: RMS norm, grouped-query attention with rotary positions (Qwen3: RMS norm of each
 * head's queries and keys first), RMS norm, SwiGLU feed-forward, each added to the stream.
 * @param x valid vectors of the rows, packed: [N, H] @returns the stream [N, H], and keys and values of all positions
 *   read so far
 */
export function decoderBlock(
  x: tf.Tensor2D,
  weights: BlockWeights,
  config: ModelConfig,
  pass: BlockPass,
): { x: tf.Tensor2D } & KeyValues {
  const { numHeads, numKeyValueHeads, headSize, normEpsilon: epsilon } = config;
  const { packing } = pass;
  const { rows: B, length: T } = packing;
  const heads = (y: tf.Tensor, count: number): tf.Tensor4D =>
    tf.transpose(tf.reshape(packing.unpack(y), [B, T, count, headSize]), [0, 2, 1, 3]); // [B, A, T, d]
  const scaled = (y: tf.Tensor4D, gain?: tf.Tensor): tf.Tensor4D => (gain ? rmsNorm(y, gain, epsilon) : y);
  const normal = rmsNorm(x, weights.inputNorm, epsilon);
  const q = scaled(heads(loraLinear(normal, weights.query, pass.queryLora), numHeads), weights.queryNorm);
  const k = scaled(heads(linear(normal, weights.key), numKeyValueHeads), weights.keyNorm);
  const newKeys = rotary(k, pass.cos, pass.sin);
  const newValues = heads(loraLinear(normal, weights.value, pass.valueLora), numKeyValueHeads);
  const keys = pass.past ? tf.concat([pass.past.keys, newKeys], 2) : newKeys; // [B, A', S + T, d]
  const values = pass.past ? tf.concat([pass.past.values, newValues], 2) : newValues;
  const turned = rotary(q, pass.queryCos, pass.querySin); // [B, A, T, d]
  const mixed = attention(turned, keys, values, { mask: pass.mask, scale: 1 }); // [B, A, T, d]
  const joined = packing.pack(tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [B * T, numHeads * headSize])); // [N, A · d]
  const attended = tf.add(x, linear(joined, weights.output)); // [N, H]
  const inner = rmsNorm(attended, weights.feedForwardNorm, epsilon);
  const gated = swiGlu(linear(inner, weights.gate), linear(inner, weights.up)); // [N, F]
  const out: tf.Tensor2D = tf.add(attended, linear(gated, weights.down)); // [N, H]
  return { x: out, keys, values };
}
