/** The pass of the language model over the inputs of a step, and which rows teach it (decision 3). */
import type * as tf from '@tensorflow/tfjs-core';
import { type DifferentiableDecoder, type LoraWeights, withoutTape } from '@coco-rec/core';
import { readVectors } from '../decoder-pass.js';
import { unitScale } from '../row-ops.js';
import type { RowMask } from './contradiction.js';
import type { InputLayout } from './knowledge-input.js';
import type { ProjectedStates } from './row-projection.js';

export interface KnowledgePass {
  readonly decoder: DifferentiableDecoder;
  readonly lora?: LoraWeights;
  readonly microBatch: number;
  readonly dropoutKey?: number;
  readonly layout: InputLayout;
  /** Makes the input [S, N, H]. */
  readonly embeddings: () => tf.Tensor3D;
  /** False: the language model is a constant, and its backward pass is left out. */
  readonly learns: boolean;
  /** M; undefined: every row teaches. */
  readonly mask?: RowMask;
  /** What M = 1 stops. `aligned` is stopped behind the aligned state, so here only the work is saved. */
  readonly scope: 'llm' | 'lora' | 'aligned';
}

/** @returns RMSnorm(h_mix) [S, N, H], with the rows that read and teach it */
export function readKnowledge(pass: KnowledgePass): ProjectedStates {
  const { decoder, lora, microBatch, dropoutKey, layout, mask } = pass;
  const { lengths, sequenceOf } = layout;
  const read = (more: Partial<Parameters<typeof readVectors>[0]>, embeddings: tf.Tensor3D): tf.Tensor3D =>
    readVectors({ decoder, lora, microBatch, dropoutKey, lengths, embeddings, ...more });
  if (!pass.learns) return { states: withoutTape(() => unitScale(read({}, pass.embeddings()))), sequenceOf };
  const embeddings = pass.embeddings();
  if (!mask) return { states: unitScale(read({}, embeddings)), sequenceOf };
  const learning = (): Int32Array => mask.learning(sequenceOf);
  const states = read({ backwardRows: learning }, embeddings);
  if (pass.scope === 'aligned') return { states: unitScale(states), sequenceOf };
  if (pass.scope === 'llm') return { states: unitScale(states), sequenceOf, mask };
  const helped = (): Int32Array => mask.helped(sequenceOf);
  const frozen = read({ trainLora: false, known: states, backwardRows: helped }, embeddings);
  return { states: unitScale(states), helpedStates: unitScale(frozen), sequenceOf, mask };
}
