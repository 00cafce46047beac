/**
 * Item text at the item side only: a learned projection of title vectors joins the item vectors that the backbone encodes
 * and scores with; nothing changes at the user side. The comparison that any user-side fusion has to beat.
 */
import type * as tf from '@tensorflow/tfjs-core';
import {
  type FuseResult,
  type FusionContext,
  type FusionDescriptor,
  FusionStrategy,
  type ItemVectors,
} from '@coco-rec/core';
import { ItemText } from './item-text.js';
import { TextConfig, controlKeys } from './text-config.js';
import { ItemTextSide } from './text-item-vectors.js';

export class TextFusionConfig extends TextConfig {}

export class TextFusion extends FusionStrategy {
  readonly id = 'text';
  private side?: ItemTextSide;

  constructor(private readonly config: TextFusionConfig) {
    super();
  }

  async initialize(context: FusionContext): Promise<void> {
    const text = await ItemText.load(context, this.id, this.config.control);
    const table = await text.features(this.config.textWidth);
    this.side = new ItemTextSide(context.parameters.scope('itemText'), table, context.backbone.dimension);
  }

  override itemVectors(base: ItemVectors): ItemVectors {
    return this.side ? this.side.wrap(base) : base;
  }

  fuse(h: tf.Tensor2D): FuseResult {
    return { h };
  }

  override async endEpoch(): Promise<Record<string, number>> {
    return this.side ? this.side.gauges() : {};
  }

  override dispose(): void {
    this.side?.dispose();
  }
}

export const text: FusionDescriptor<TextFusionConfig> = {
  kind: 'fusion',
  id: 'text',
  specVersion: 'v1',
  summary: 'Item side only: a learned projection of title vectors joins the item vectors.',
  config: TextFusionConfig,
  needs: () => ({ backbone: { itemVectors: true }, knowledge: { encode: true } }),
  knowledgeKeys: controlKeys,
  create: (config) => new TextFusion(config),
};
