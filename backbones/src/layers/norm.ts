import type * as tf from '@tensorflow/tfjs-core';
import { type Parameters, constant, layerNorm } from '@coco-rec/core';

/** Weights of a layer normalisation. */
export interface Norm {
  readonly gain: tf.Variable;
  readonly bias: tf.Variable;
}

/** Gain 1 and bias 0, both [dimension], free of weight decay. */
export function buildNorm(parameters: Parameters, name: string, dimension: number): Norm {
  return {
    gain: parameters.variable(`${name}/gain`, [dimension], constant(1), { weightDecay: false }),
    bias: parameters.variable(`${name}/bias`, [dimension], constant(0), { weightDecay: false }),
  };
}

/** Layer normalisation over the last axis. @param x [..., D] @returns x's shape */
export function normalise<T extends tf.Tensor>(x: T, { gain, bias }: Norm): T {
  return layerNorm(x, gain, bias);
}
