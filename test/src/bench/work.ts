/** How much arithmetic a job is: multiplications and additions of its matrix products, in GFLOP. */
import { type Split, historyOf } from '@coco-rec/core';

export interface SASRecShape {
  readonly dimension: number;
  readonly numLayers: number;
  readonly feedForwardFactor: number;
  readonly maxLength: number;
}

/** Forward and backward: the backward pass is two products for each one of the forward pass. */
const trainingFactor = 3;

/** The forward pass of the blocks over sequences of these lengths, without padding. */
export function blocksGigaflop(shape: SASRecShape, lengths: Iterable<number>): number {
  const { dimension: D, numLayers, feedForwardFactor } = shape;
  let sum = 0;
  for (const whole of lengths) {
    const T = Math.min(whole, shape.maxLength);
    const dense = 2 * D * D * (4 + 2 * feedForwardFactor) * T; // query, key, value, output; two layers
    const causal = 2 * D * T * (T + 1); // query · key and weights · value, each for T (T + 1) / 2 pairs
    sum += numLayers * (dense + causal);
  }
  return sum / 1e9;
}

/** A training epoch: one row a position, each scored against `candidates` items. */
export function epochGigaflop(split: Split, shape: SASRecShape, candidates: number): number {
  const lengths = trainingLengths(split);
  const rows = lengths.reduce((sum, length) => sum + Math.min(length, shape.maxLength), 0);
  const scores = (2 * rows * candidates * shape.dimension) / 1e9;
  return trainingFactor * (blocksGigaflop(shape, lengths) + scores);
}

/** Ranking every item for each evaluated user. */
export function rankingGigaflop(split: Split, shape: SASRecShape): number {
  const lengths = Array.from(split.validation.users, (user) => historyOf(split, user, 'validation').length);
  const scores = (2 * lengths.length * split.dataset.itemCount * shape.dimension) / 1e9;
  return blocksGigaflop(shape, lengths) + scores;
}

/** Items of each training history that has a target. */
function trainingLengths({ trainLengths }: Split): number[] {
  return Array.from(trainLengths, (length) => length - 1).filter((length) => length > 0);
}

export interface DecoderShape {
  readonly hiddenSize: number;
  readonly feedForwardSize: number;
  readonly numHeads: number;
  readonly numKeyValueHeads: number;
  readonly headSize: number;
}

/** The forward pass of `numLayers` blocks over B rows of T vectors. */
export function decoderGigaflop(shape: DecoderShape, numLayers: number, B: number, T: number): number {
  const { hiddenSize: H, feedForwardSize: F, numHeads, numKeyValueHeads, headSize } = shape;
  const projections = 2 * H * headSize * (2 * numHeads + 2 * numKeyValueHeads);
  const feedForward = 3 * 2 * H * F;
  const causal = 2 * numHeads * headSize * (T + 1);
  return (numLayers * B * T * (projections + feedForward + causal)) / 1e9;
}
