import type * as tf from '@tensorflow/tfjs-core';
import { type FuseResult, type FusionDescriptor, FusionStrategy } from '@coco-rec/core';

/** No keys. */
export class NoneConfig {}

/** The bare backbone. In the joint stage it is trained on as before: the base of every comparison. */
export class NoneFusion extends FusionStrategy {
  readonly id = 'none';

  async initialize(): Promise<void> {}

  fuse(h: tf.Tensor2D): FuseResult {
    return { h };
  }
}

export const none: FusionDescriptor<NoneConfig> = {
  kind: 'fusion',
  id: 'none',
  specVersion: 'v1',
  summary: 'No fusion: the bare backbone, the base of every comparison.',
  config: NoneConfig,
  needs: () => ({ backbone: {} }),
  create: () => new NoneFusion(),
};
