import * as tf from '@tensorflow/tfjs-core';
import { type LoraWeights, breathe } from '@coco-rec/core';
import type { KeyValues } from './decoder-block.js';
import type { LocalDecoder } from './local-decoder.js';

export interface GenerateIdsOptions {
  readonly maxTokens: number;
  /** Ids that end the text. */
  readonly ends: readonly number[];
  /** Heard between two tokens. */
  readonly signal?: AbortSignal;
  readonly lora?: LoraWeights;
}

/**
 * Greedy continuation with a key-value cache.
 * @param ids token ids of the prompt, at least one
 * @returns at most `maxTokens` new ids, the end not among them
 */
export async function generateIds(
  decoder: LocalDecoder,
  ids: readonly number[],
  { maxTokens, ends, signal, lora }: GenerateIdsOptions,
): Promise<number[]> {
  const made: number[] = [];
  let past: KeyValues[] | undefined;
  let next: readonly number[] = ids;
  while (made.length < maxTokens && !signal?.aborted) {
    const step = tf.tidy(() => {
      const embeddings = tf.expandDims(decoder.embed(tf.tensor1d([...next], 'int32')), 0) as tf.Tensor3D; // [1, T, H]
      const { states, past: kept } = decoder.read(embeddings, { past, lora });
      const last = tf.slice(states, [0, next.length - 1, 0], [1, 1, -1]);
      const best = tf.argMax(decoder.logits(tf.reshape(last, [1, -1])), 1); // [1]
      return { best, kept };
    });
    if (past) disposePast(past);
    past = step.kept;
    const [id] = await step.best.data();
    step.best.dispose();
    if (ends.includes(id)) break;
    made.push(id);
    next = [id];
    await breathe();
  }
  if (past) disposePast(past);
  signal?.throwIfAborted();
  return made;
}

function disposePast(past: readonly KeyValues[]): void {
  for (const { keys, values } of past) tf.dispose([keys, values]);
}
