import * as tf from '@tensorflow/tfjs-core';
import { IsInt, IsNumber, Max, Min } from 'class-validator';
import {
  Backbone,
  type BackboneDescriptor,
  Describe,
  type ItemVectors,
  type Parameters,
  type Pass,
  type PreparedBatch,
  defaultBackboneCapabilities,
  linear,
  xavier,
} from '@coco-rec/core';

/** The keys of the section `backbone`. */
export class FadingMeanConfig {
  @Describe('Model width D.')
  @IsInt()
  @Min(1)
  dimension = 32;

  @Describe('Weight of an item, relative to the one after it.')
  @IsNumber()
  @Min(0)
  @Max(1)
  fading = 0.8;
}

/** A mean of the history in which older items fade, through one learned layer. Put your own model here. */
export class FadingMeanBackbone extends Backbone {
  readonly id = 'fading-mean';
  readonly dimension: number;
  private output!: tf.Variable;

  constructor(private readonly config: FadingMeanConfig) {
    super();
    this.dimension = config.dimension;
  }

  protected build(parameters: Parameters): void {
    this.output = parameters.variable('output', [this.dimension, this.dimension], xavier);
  }

  encode({ itemIds, batchSize: B, length: T }: PreparedBatch, items: ItemVectors, pass: Pass): tf.Tensor3D {
    const gathered = items.gather(tf.reshape(itemIds, [B * T]) as tf.Tensor1D);
    const vectors = pass.dropout(tf.reshape(gathered, [B, T, this.dimension]) as tf.Tensor3D, 0.1); // [B, T, D]
    const weights = tf.tile(tf.expandDims(this.weights(T), 0), [B, 1, 1]) as tf.Tensor3D; // [B, T, T]
    return linear(tf.matMul(weights, vectors), this.output); // [B, T, D]
  }

  /** Row t weighs the items up to t and no later one. @returns [T, T] */
  private weights(T: number): tf.Tensor2D {
    const rows = Array.from({ length: T }, (_, t) => {
      const row = Array.from({ length: T }, (_, s) => (s <= t ? this.config.fading ** (t - s) : 0));
      const sum = row.reduce((a, b) => a + b, 0);
      return row.map((weight) => weight / sum);
    });
    return tf.tensor2d(rows);
  }
}

/** What CoCo knows of it. */
export const fadingMean: BackboneDescriptor<FadingMeanConfig> = {
  kind: 'backbone',
  id: 'fading-mean',
  specVersion: 'v1',
  summary: 'A mean of the history in which older items fade.',
  config: FadingMeanConfig,
  capabilities: defaultBackboneCapabilities,
  create: (config) => new FadingMeanBackbone(config),
};
