import type * as tf from '@tensorflow/tfjs-core';
import { type FusionDescriptor, type Parameters, constant, linear } from '@coco-rec/core';
import { DirectFusion, DirectFusionConfig, checkDirectConfig, directNeeds } from './direct-fusion.js';
import { controlKeys } from './text-config.js';
import { limitedUsers } from './texts/text-scope.js';

export class ConcatConfig extends DirectFusionConfig {}

/** h = h_RS + W [h_RS; u], W zero at the start. */
export class ConcatFusion extends DirectFusion {
  readonly id = 'concat';
  protected join!: tf.Variable;
  private bias!: tf.Variable;

  protected build(parameters: Parameters, width: number, dimension: number, learningRateScale: number): void {
    const kept = { weightDecay: false, learningRateScale }; // one map for all users: the decay that an item table needs would hold it back
    this.join = parameters.variable('weight', [width, dimension], constant(0), kept);
    this.bias = parameters.variable('bias', [dimension], constant(0), kept);
  }

  protected combine(joined: tf.Tensor2D): tf.Tensor2D {
    return linear(joined, this.join, this.bias);
  }
}

export const concat: FusionDescriptor<ConcatConfig> = {
  kind: 'fusion',
  id: 'concat',
  specVersion: 'v1',
  summary: "User side: the language model's vector joined to the user state by one linear layer.",
  paper: 'The direct fusion by concatenation of the CoCo paper (arXiv 2025, Table 7)',
  config: ConcatConfig,
  needs: directNeeds,
  knowledgeKeys: controlKeys,
  knownUsers: limitedUsers,
  create: (config) => {
    checkDirectConfig(config);
    return new ConcatFusion(config);
  },
};
