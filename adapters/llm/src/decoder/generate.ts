import * as tf from '@tensorflow/tfjs-core';
import type { KeyValues } from './decoder-block.js';
import type { LocalDecoder } from './local-decoder.js';

/**
 * Greedy continuation with a key-value cache.
 * @param ids token ids of the prompt, at least one @param ends ids that end the text
 * @returns at most `maxTokens` new ids, the end not among them
 */
export async function generateIds(
  decoder: LocalDecoder,
  ids: readonly number[],
  { maxTokens, ends }: { maxTokens: number; ends: readonly number[] },
): Promise<number[]> {
  const made: number[] = [];
  let past: KeyValues[] | undefined;
  let next: readonly number[] = ids;
  while (made.length < maxTokens) {
    const step = tf.tidy(() => {
      const embeddings = tf.expandDims(decoder.embed(tf.tensor1d([...next], 'int32')), 0) as tf.Tensor3D; // [1, T, H]
      const { states, past: kept } = decoder.read(embeddings, { past });
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
  }
  if (past) disposePast(past);
  return made;
}

function disposePast(past: readonly KeyValues[]): void {
  for (const { keys, values } of past) tf.dispose([keys, values]);
}
