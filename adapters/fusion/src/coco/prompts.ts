/** The prompts of a step: soft ones from the codebook, or the fixed structured prompt of the ablation. */
import * as tf from '@tensorflow/tfjs-core';
import { type DifferentiableDecoder, UsageError } from '@coco-rec/core';
import { constantOf } from '../row-ops.js';
import type { Codebook, Reading } from './codebook.js';
import type { Gauges } from './gauges.js';
import type { PromptLists } from './knowledge-input.js';
import type { Selection } from './selection.js';

export interface StepPrompts extends PromptLists {
  /** [R, H] */
  readonly vectors: tf.Tensor2D;
  /** For the losses of the codebook. */
  readonly reading?: Reading;
  readonly selection?: Selection;
}

/** Prompts selected from the codebook by S user states. @param states [S, D] */
export function softPrompts(codebook: Codebook, states: tf.Tensor2D, gauges?: Gauges): StepPrompts {
  const reading = codebook.read(states);
  const selection = codebook.select(reading);
  gauges?.countSelection(selection.counts, selection.codewords);
  const { shared } = codebook.settings;
  const lists: Int32Array[] = [];
  let next = shared;
  for (const m of selection.counts) {
    lists.push(Int32Array.from({ length: shared + m }, (_, n) => (n < shared ? n : next + n - shared)));
    next += m;
  }
  return { vectors: codebook.prompts(reading, selection), count: next, lists, reading, selection };
}

/** The same tokens for every sequence. @param ids the prompt's tokens */
export function fixedPrompts(
  decoder: DifferentiableDecoder,
  ids: Int32Array,
  sequences: number,
): StepPrompts {
  const all = Int32Array.from(ids.keys());
  const vectors = constantOf(decoder.embed(tf.tensor1d(ids, 'int32'))); // [R, H]
  return { vectors, count: ids.length, lists: Array.from({ length: sequences }, () => all) };
}

/** @throws UsageError if no token is left of the text */
export function promptTokens(decoder: DifferentiableDecoder, text: string): Int32Array {
  const ids = Int32Array.from(decoder.tokenize(text));
  if (ids.length === 0)
    throw new UsageError('"fusion.promptText" has no token that the language model knows.');
  return ids;
}
