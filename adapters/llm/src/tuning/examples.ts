import type { TuningPair } from '@coco-rec/core';
import type { LocalDecoder } from '../decoder/local-decoder.js';

/** A pair as the decoder reads it. */
export interface Example {
  /** Tokens of the prompt, of the answer, and the one that ends a text, where the model has one. */
  readonly ids: readonly number[];
  readonly promptLength: number;
}

/** Token ids of pairs; those with an empty side and those of more than `maxTokens` are left out. */
export function examplesOf(
  { tokenizer }: LocalDecoder,
  pairs: readonly TuningPair[],
  maxTokens: number,
  readPrompt: (prompt: string) => number[],
): Example[] {
  const end = tokenizer?.ends.slice(0, 1) ?? [];
  const examples = pairs.map(({ prompt, answer }): Example => {
    const asked = readPrompt(prompt);
    const said = tokenizer?.encode(answer) ?? [];
    return { ids: said.length > 0 ? [...asked, ...said, ...end] : [], promptLength: asked.length };
  });
  return examples.filter(
    ({ ids, promptLength }) => promptLength > 0 && ids.length > 0 && ids.length <= maxTokens,
  );
}

/** Tokens that are learnt from. */
export function answerTokens(examples: readonly Example[]): number {
  return examples.reduce((sum, { ids, promptLength }) => sum + ids.length - promptLength, 0);
}
