import type * as tf from '@tensorflow/tfjs-core';
import { IsNumber, Max, Min } from 'class-validator';
import {
  Describe,
  type FuseContext,
  type FusionDescriptor,
  type Parameters,
  constant,
  gelu,
  linear,
  xavier,
} from '@coco-rec/core';
import { DirectFusion, DirectFusionConfig, checkDirectConfig, directNeeds } from './direct-fusion.js';
import { controlKeys } from './text-config.js';
import { limitedUsers } from './texts/text-scope.js';

export class MLPConfig extends DirectFusionConfig {
  @Describe('Dropout on the hidden layer.')
  @IsNumber()
  @Min(0)
  @Max(0.95)
  dropout = 0;
}

/** h = h_RS + W₂ gelu(W₁ [h_RS; u]), W₂ zero at the start; the hidden layer has width D. */
export class MLPFusion extends DirectFusion {
  readonly id = 'mlp';
  private inner!: tf.Variable;
  private innerBias!: tf.Variable;
  protected join!: tf.Variable;
  private outerBias!: tf.Variable;

  constructor(protected override readonly config: MLPConfig) {
    super(config);
  }

  protected build(parameters: Parameters, width: number, dimension: number, learningRateScale: number): void {
    const map = { learningRateScale };
    const bias = { weightDecay: false, learningRateScale };
    this.inner = parameters.variable('inner', [width, dimension], xavier, map);
    this.innerBias = parameters.variable('innerBias', [dimension], constant(0), bias);
    this.join = parameters.variable('outer', [dimension, dimension], constant(0), map);
    this.outerBias = parameters.variable('outerBias', [dimension], constant(0), bias);
  }

  protected combine(joined: tf.Tensor2D, { pass }: FuseContext): tf.Tensor2D {
    const hidden = gelu(linear(joined, this.inner, this.innerBias)); // [P, D]
    const dropped = pass.dropout(hidden, this.config.dropout);
    return linear(dropped, this.join, this.outerBias); // [P, D]
  }
}

export const mlp: FusionDescriptor<MLPConfig> = {
  kind: 'fusion',
  id: 'mlp',
  specVersion: 'v1',
  summary: "User side: the language model's vector joined to the user state by a two-layer network.",
  paper: 'The direct fusion by MLP of the CoCo paper (arXiv 2025, Table 7)',
  config: MLPConfig,
  needs: directNeeds,
  knowledgeKeys: controlKeys,
  knownUsers: limitedUsers,
  create: (config) => {
    checkDirectConfig(config);
    return new MLPFusion(config);
  },
};
