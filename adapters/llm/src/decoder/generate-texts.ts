import { setImmediate as nextTurn } from 'node:timers/promises';
import type { GenerateForecast, GenerateOptions, LoraWeights } from '@coco-rec/core';
import { generateIds } from './generate.js';
import type { LocalDecoder } from './local-decoder.js';

export interface TextOptions extends GenerateOptions {
  /** Token ids of a prompt; none: it has no answer. */
  readonly readPrompt: (prompt: string) => number[];
  readonly lora?: LoraWeights;
}

/** Greedy, one prompt after another. No answer can follow a schema here: it is not read. */
export async function generateTexts(
  decoder: LocalDecoder,
  prompts: readonly string[],
  { readPrompt, maxTokens, onAnswer, signal, lora }: TextOptions,
): Promise<string[]> {
  const { tokenizer } = decoder;
  const ends = tokenizer?.ends ?? [];
  const made: string[] = [];
  for (const [index, prompt] of prompts.entries()) {
    await nextTurn();
    signal?.throwIfAborted();
    const ids = readPrompt(prompt);
    const next = ids.length > 0 ? await generateIds(decoder, ids, { maxTokens, ends, signal, lora }) : [];
    const text = tokenizer?.decode(next) ?? '';
    made.push(text);
    await onAnswer?.(index, { text, promptTokens: ids.length, answerTokens: next.length, cost: 0 });
  }
  return made;
}

/** What `generateTexts` would take at most. */
export function forecastTexts(
  readPrompt: TextOptions['readPrompt'],
  prompts: readonly string[],
  maxTokens: number,
): GenerateForecast {
  const lengths = prompts.map((prompt) => readPrompt(prompt).length);
  const requests = lengths.filter((length) => length > 0).length;
  const promptTokens = lengths.reduce((sum, length) => sum + length, 0);
  return { requests, promptTokens, answerTokens: requests * maxTokens, cost: 0 };
}
