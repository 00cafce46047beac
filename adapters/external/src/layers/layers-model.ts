import type * as tf from '@tensorflow/tfjs-core';

type Shape = readonly (number | null)[];

/** What is needed of a model of the public tfjs layers API; `tf.model()` and `tf.sequential()` make such. */
export interface LayersModel {
  readonly inputs: readonly { readonly shape: Shape }[];
  readonly outputs: readonly { readonly shape: Shape }[];
  readonly trainableWeights: readonly LayersWeight[];
  readonly nonTrainableWeights: readonly LayersWeight[];
  apply(input: tf.Tensor, options?: { training?: boolean }): unknown;
}

export interface LayersWeight {
  readonly originalName: string;
  /** The weight's variable. */
  read(): tf.Tensor;
}

/** Makes a model; called for each recommender, so that none shares weights with another. */
export type BuildLayers = () => LayersModel | Promise<LayersModel>;
