/**
 * FDSA: self-attention over items and, apart from it, over their features (Zhang et al., IJCAI 2019).
 *
 * Two causal transformers read the history, one its items, the other what attention makes of each item's features; their
 * states together give the user state. Features are attributes, the item's text as a language model's vector, or both.
 *
 * Deviations. There is no code of the authors; where the paper leaves something open, this follows RecBole's `FDSA`. The
 * figures quoted on this data stand in S3-Rec's repository, which does not hold the code that they come from.
 * - The paper has items, categories and brands in one embedding space with BCE; here the loss is the config's, as in
 *   RecBole, full softmax by default.
 * - Every attribute of an item is a feature of its own. RecBole averages the attributes of a field first and attends over
 *   fields, of which there is one here.
 * - The weights of the attention come from two layers with a ReLU, as in RecBole; the paper has one.
 * - Each stream has its own positions and layer norms; RecBole shares one table and one norm, the output's included.
 * - A text is one feature, the mean state of a language model over its tokens, centred and projected; the paper has word
 *   vectors of the five words with the highest topic weight. RecBole has none.
 * - Rows are trained at every position, which is the same as RecBole's prefixes: the model is causal.
 * - The epsilon of the layer norms is 1e-5, RecBole's 1e-12.
 */
import * as tf from '@tensorflow/tfjs-core';
import { IsIn } from 'class-validator';
import {
  Backbone,
  type BackboneCapabilities,
  type BackboneContext,
  type BackboneDescriptor,
  Describe,
  type ItemAttributes,
  type ItemVectors,
  type Parameters,
  type Pass,
  type PreparedBatch,
  UsageError,
  causalMask,
  constant,
  defaultBackboneCapabilities,
  linear,
  normal,
} from '@coco-rec/core';
import { checkHeads } from './layers/check-heads.js';
import {
  type FeatureAttention,
  buildFeatureAttention,
  featureVectors,
  ofEachItem,
} from './layers/feature-attention.js';
import { type Norm, buildNorm, normalise } from './layers/norm.js';
import { type TextFeatures, buildTextFeatures, textFeatures } from './layers/text-features.js';
import {
  type TransformerBlock,
  type TransformerOptions,
  buildTransformerBlock,
  transformerBlock,
} from './layers/transformer-block.js';
import { TransformerConfig } from './layers/transformer-config.js';

export class FDSAConfig extends TransformerConfig {
  @Describe('Transformer blocks of each stream.')
  override numLayers = 2;

  @Describe('Dropout on embeddings, attention weights, block outputs and the joined state.')
  override dropout = 0.5;

  @Describe('Activation of the feed-forward layer.')
  @IsIn(['relu', 'gelu'])
  activation: 'relu' | 'gelu' = 'gelu';

  @Describe(
    'What the feature stream reads of an item: `attributes`, `text` (vectors of the language model in `knowledge`; no fusion is ' +
      'needed), or `both`.',
  )
  @IsIn(['attributes', 'text', 'both'])
  features: 'attributes' | 'text' | 'both' = 'attributes';

  @Describe(
    'What becomes of the joined state: a layer `norm` and dropout, as in RecBole, or `none`, as in the paper.',
  )
  @IsIn(['norm', 'none'])
  output: 'norm' | 'none' = 'norm';
}

const capabilities: BackboneCapabilities = { ...defaultBackboneCapabilities, attributes: true };

/** A causal transformer with what stands before it. */
interface Stream {
  readonly positions: tf.Variable;
  readonly norm: Norm;
  readonly blocks: readonly TransformerBlock[];
}

export class FDSABackbone extends Backbone {
  readonly id = 'fdsa';
  readonly dimension: number;
  override readonly maxLength: number;
  override readonly capabilities: BackboneCapabilities;
  private itemStream!: Stream;
  private featureStream!: Stream;
  private attributes?: { readonly ofItems: ItemAttributes; readonly attention: FeatureAttention };
  private texts?: TextFeatures;
  private join!: { readonly weight: tf.Variable; readonly bias: tf.Variable };
  private outputNorm?: Norm;

  constructor(private readonly config: FDSAConfig) {
    super();
    this.dimension = config.dimension;
    this.maxLength = config.maxLength;
    this.capabilities = { ...capabilities, attributes: config.features !== 'text' };
  }

  protected build(parameters: Parameters, context: BackboneContext): void {
    const { dimension: D, output } = this.config;
    this.itemStream = this.buildStream(parameters.scope('items'));
    this.featureStream = this.buildStream(parameters.scope('features'));
    this.buildFeatures(parameters, context);
    this.join = {
      weight: parameters.variable('join', [2 * D, D], normal(0.02)),
      bias: parameters.variable('joinBias', [D], constant(0), { weightDecay: false }),
    };
    if (output === 'norm') this.outputNorm = buildNorm(parameters, 'outputNorm', D);
  }

  private buildFeatures(parameters: Parameters, { dataset, texts }: BackboneContext): void {
    const { dimension, features } = this.config;
    if (features !== 'text') {
      const ofItems = dataset.attributes as ItemAttributes; // `initialize` has looked
      const shape = { count: ofItems.count, dimension };
      const attention = buildFeatureAttention(parameters.scope('featureAttention'), shape);
      this.attributes = { ofItems, attention };
    }
    if (features === 'attributes') return;
    if (!texts)
      throw new UsageError('"backbone.features" needs vectors of the item texts, and none were given.');
    this.texts = buildTextFeatures(parameters.scope('textFeatures'), texts, dimension);
  }

  private buildStream(parameters: Parameters): Stream {
    const { dimension, maxLength, numLayers } = this.config;
    return {
      positions: parameters.variable('positions', [maxLength, dimension], normal(0.02)),
      norm: buildNorm(parameters, 'norm', dimension),
      blocks: Array.from({ length: numLayers }, (_, i) =>
        buildTransformerBlock(parameters.scope(`block${i}`), this.config),
      ),
    };
  }

  encode(batch: PreparedBatch, items: ItemVectors, pass: Pass): tf.Tensor3D {
    const { batchSize: B, length: T, lengths } = batch;
    const { dimension: D, dropout } = this.config;
    const mask = causalMask(lengths, T);
    const options: TransformerOptions = { ...this.config, innerDropout: 0, norm: 'post', mask, pass };
    const itemVectors = items.gather(tf.reshape(batch.itemIds, [B * T])); // [B·T, D]
    const features = this.featureVectors(batch.items); // [B·T, D]
    const states = [
      runStream(this.itemStream, tf.reshape(itemVectors, [B, T, D]), options),
      runStream(this.featureStream, tf.reshape(features, [B, T, D]), options),
    ];
    const joined = linear(tf.concat(states, 2), this.join.weight, this.join.bias) as tf.Tensor3D; // [B, T, D]
    return this.outputNorm ? pass.dropout(normalise(joined, this.outputNorm), dropout) : joined;
  }

  /** @param ids [N] item ids @returns [N, D] */
  private featureVectors(ids: Int32Array): tf.Tensor2D {
    const { attributes, texts } = this;
    if (attributes) return featureVectors(attributes.attention, attributes.ofItems, ids, texts);
    return ofEachItem(ids, (items) => textFeatures(texts as TextFeatures, items));
  }
}

/** @param x [B, T, D] @returns [B, T, D] */
function runStream(
  { positions, norm, blocks }: Stream,
  x: tf.Tensor3D,
  options: TransformerOptions,
): tf.Tensor3D {
  const { dropout, pass } = options;
  const [, T, D] = x.shape;
  const placed = tf.add(x, tf.slice(positions as unknown as tf.Tensor2D, [0, 0], [T, D])) as tf.Tensor3D; // [B, T, D]
  const start = pass.dropout(normalise(placed, norm), dropout);
  return blocks.reduce((state, block) => transformerBlock(block, state, options), start);
}

export const fdsa: BackboneDescriptor<FDSAConfig> = {
  kind: 'backbone',
  id: 'fdsa',
  specVersion: 'v1',
  summary:
    'FDSA: one transformer over the items and one over their features (attributes, texts, or both), joined.',
  paper:
    'Zhang et al., "Feature-level Deeper Self-Attention Network for Sequential Recommendation", IJCAI 2019',
  config: FDSAConfig,
  capabilities,
  readsTexts: ({ features }) => features !== 'attributes',
  create: (config) => {
    checkHeads(config);
    return new FDSABackbone(config);
  },
};
