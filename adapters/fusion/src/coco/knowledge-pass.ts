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
  /** The share of histories that taught in the epoch before; undefined in the first. */
  readonly teachingShare?: number;
  /** What M = 1 stops. `aligned` is stopped behind the aligned state, so here only the work is saved. */
  readonly scope: 'llm' | 'lora' | 'aligned';
}

/** Floats of H that a block keeps for each vector, about: its norms, projections, attention and feed-forward. */
const keptByBlock = 20;
/** Bytes that the tape may take before the backward pass reads again. */
const tapeLimit = 384 * 2 ** 20;

/**
 * Reading again costs a forward pass for the histories that teach; keeping the tape costs a backward pass for those that
 * do not. About as dear as each other (weights are frozen), so the tape is kept where at least half teach, and where it
 * fits. The share is that of the epoch before, so that a resumed run decides alike.
 */
function isTapeCheaper({ decoder, layout, mask, scope, teachingShare }: KnowledgePass): boolean {
  const vectors = layout.lengths.reduce((a, b) => a + b, 0);
  const bytes = 4 * vectors * decoder.numLayers * keptByBlock * decoder.hiddenSize;
  if (bytes > tapeLimit) return false;
  return !mask || (scope !== 'lora' && (teachingShare ?? 1) >= 0.5);
}

/** @returns RMSnorm(h_mix) [S, N, H], with the rows that read and teach it */
export function readKnowledge(pass: KnowledgePass): ProjectedStates {
  const { decoder, lora, microBatch, dropoutKey, layout, mask } = pass;
  const { lengths, sequenceOf } = layout;
  const read = (more: Partial<Parameters<typeof readVectors>[0]>, embeddings: tf.Tensor3D): tf.Tensor3D =>
    readVectors({ decoder, lora, microBatch, dropoutKey, lengths, embeddings, ...more });
  if (!pass.learns) return { states: withoutTape(() => unitScale(read({}, pass.embeddings()))), sequenceOf };
  const embeddings = pass.embeddings();
  if (!mask) return { states: unitScale(read({ keepsTape: isTapeCheaper(pass) }, embeddings)), sequenceOf };
  const learning = (): Int32Array => mask.learning(sequenceOf);
  const keepsTape = isTapeCheaper(pass);
  const states = read(keepsTape ? { keepsTape } : { backwardRows: learning }, embeddings);
  if (pass.scope === 'aligned') return { states: unitScale(states), sequenceOf };
  if (pass.scope === 'llm') return { states: unitScale(states), sequenceOf, mask };
  const helped = (): Int32Array => mask.helped(sequenceOf);
  const frozen = read({ trainLora: false, known: states, backwardRows: helped }, embeddings);
  return { states: unitScale(states), helpedStates: unitScale(frozen), sequenceOf, mask };
}
