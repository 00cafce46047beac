/**
 * PinnerFormer: a user vector that predicts what the user does over a while, not next (Pancha et al., KDD 2022).
 *
 * A causal transformer and a tower (two layers, GELU, length 1) make the user vector; another tower makes the item vectors
 * of a table. The score is their cosine over a learned temperature. Dense all-action loss: positions drawn from a history
 * predict items drawn from the window that follows them. The paper's loss is `train.loss: { id: sampled-softmax, negatives:
 * mixed }`: the other targets of the step and uniform draws, with the logQ correction, own positives masked.
 *
 * Deviations. There is no code of the authors; this follows the paper.
 * - The items' content vectors are learned here, a table in place of PinSage's; `itemAttributes` adds the mean of their
 *   attributes' vectors, so that items that have something in common begin alike, as PinSage's do. The sequence reads the item
 *   vectors as they are scored, so that a fusion that changes them is seen there too.
 * - The towers can be left out (`itemTower`, `userTower`): a learned table needs none, and learns sooner without.
 * - No action type, surface or duration: the data has none.
 * - Times are read where `timeEncoding` says so: of each item, and since the one before it; not since the newest one, which
 *   would tell earlier positions how long the history goes on. Whoever asks for recommendations may not know them, so those of
 *   a tenth of the training histories are hidden. Positions are learned, with times as well as without.
 * - Where the data has ranks only in place of times, or `windowSteps` is given, the window is in steps.
 * - The next item is in the window however late it is; the paper's window may be empty.
 * - User and item vectors are as wide as the transformer (the paper: 256 and 768).
 * - The temperature is .01 + exp(θ), which keeps a gradient everywhere; the paper holds it at .01 or more.
 */
import * as tf from '@tensorflow/tfjs-core';
import {
  ArrayNotEmpty,
  IsArray,
  IsBoolean,
  IsInt,
  IsNumber,
  IsOptional,
  IsPositive,
  Max,
  Min,
} from 'class-validator';
import {
  Backbone,
  type BackboneContext,
  type BackboneDescriptor,
  type Dataset,
  Describe,
  type ItemAttributes,
  type ItemVectors,
  type Parameters,
  type Pass,
  type PreparedBatch,
  type RowSampler,
  UsageError,
  causalMask,
  constant,
  defaultBackboneCapabilities,
  l2Normalise,
  linear,
  normal,
  xavier,
} from '@coco-rec/core';
import { AttributeMeans } from './layers/attribute-means.js';
import { checkHeads } from './layers/check-heads.js';
import { type FeatureAttention, buildFeatureAttention, featureVectors } from './layers/feature-attention.js';
import { type Norm, buildNorm, normalise } from './layers/norm.js';
import { hideTimes } from './layers/real-times.js';
import { type TargetWindow, demandWindow, targetWindow, windowEnd } from './layers/target-window.js';
import {
  type SavedTimeEncoding,
  buildTimeEncoding,
  timeEncodingOf,
  timeFeatures,
  timeWidth,
} from './layers/time-encoding.js';
import { type Tower, TowerItemVectors, buildTower, throughTower } from './layers/tower.js';
import {
  type TransformerBlock,
  type TransformerOptions,
  buildTransformerBlock,
  transformerBlock,
} from './layers/transformer-block.js';
import { windowRows } from './layers/window-rows.js';
import { TransformerConfig } from './layers/transformer-config.js';

/** The temperature is larger than this. */
const lowestTemperature = 0.01;

export class PinnerFormerConfig extends TransformerConfig {
  @Describe('Model width D, of the user and item vectors too.')
  override dimension = 64;

  @Describe("Read the items' attributes beside their vectors; the data has to have them.")
  @IsBoolean()
  attributes = false;

  @Describe(
    "Add the mean of its attributes' vectors to each item's own, before the item tower; the data has to have them.",
  )
  @IsBoolean()
  itemAttributes = false;

  @Describe('Pass item vectors through two layers, as the paper does, before they are given length 1.')
  @IsBoolean()
  itemTower = true;

  @Describe("The same of user vectors, from the transformer's states.")
  @IsBoolean()
  userTower = true;

  @Describe(
    'Read when each item was taken, and how long after the one before it; the data has to have real timestamps, in seconds.',
  )
  @IsBoolean()
  timeEncoding = false;

  @Describe(
    'With `timeEncoding`: periods of its sines and cosines, in days. Default: 0.25, 1, 7, 30.44, 91.31, 365.25.',
  )
  @IsOptional()
  @IsArray()
  @ArrayNotEmpty()
  @IsNumber({}, { each: true })
  @IsPositive({ each: true })
  timePeriods?: number[];

  @Describe(
    'Days after a position from which its targets come; the data has to have real timestamps, in seconds. Default: 28 ' +
      'where it has, unless `windowSteps` is given.',
  )
  @IsOptional()
  @IsNumber()
  @Min(0)
  windowDays?: number;

  @Describe(
    'Items after a position from which its targets come, in place of days. 1: the next item only. Default: 5 where the ' +
      'data has no real timestamps.',
  )
  @IsOptional()
  @IsInt()
  @Min(1)
  windowSteps?: number;

  @Describe('Positions of a history that are drawn to predict, at most.')
  @IsInt()
  @Min(1)
  positionsPerUser = 32;

  @Describe('Items drawn from the window of each position, at most.')
  @IsInt()
  @Min(1)
  targetsPerPosition = 1;

  @Describe('Where the learned temperature starts; it stays above .01.')
  @IsNumber()
  @Min(0.011)
  @Max(10)
  temperature = 0.07;
}

export class PinnerFormerBackbone extends Backbone {
  readonly id = 'pinnerformer';
  readonly dimension: number;
  override readonly maxLength: number;
  override readonly readsTimes: boolean;
  private positions!: tf.Variable;
  private input!: { readonly weight: tf.Variable; readonly bias: tf.Variable };
  private blocks: TransformerBlock[] = [];
  private finalNorm!: Norm;
  private userTower?: Tower;
  /** θ, [1]. */
  private logTemperature!: tf.Variable;
  private features?: FeatureAttention;
  private timeEncoding?: SavedTimeEncoding;
  private window!: TargetWindow;

  constructor(private readonly config: PinnerFormerConfig) {
    super();
    this.dimension = config.dimension;
    this.maxLength = config.maxLength;
    this.readsTimes = config.timeEncoding;
  }

  override get readsAttributes(): boolean {
    return this.config.attributes || this.config.itemAttributes;
  }

  protected override buildItemVectors({ parameters, itemCount, dataset }: BackboneContext): ItemVectors {
    const D = this.dimension;
    const count = itemCount + 1;
    // Vectors of length about .5: only their direction counts, and the shorter they are the sooner a step turns them.
    const deviation = 0.5 / Math.sqrt(D);
    const table = parameters.variable('items', [count, D], normal(deviation));
    const { itemTower, itemAttributes } = this.config;
    const tower = itemTower ? buildTower(parameters.scope('itemTower'), D) : undefined;
    if (!itemAttributes) return new TowerItemVectors(table, { tower });
    const attributes = demandAttributes(dataset, 'itemAttributes');
    const shape = { dimension: D, deviation };
    const added = new AttributeMeans(parameters.scope('itemAttributes'), attributes, count, shape);
    return new TowerItemVectors(table, { tower, added });
  }

  protected build(parameters: Parameters, { dataset }: BackboneContext): void {
    const {
      dimension: D,
      maxLength,
      numLayers,
      attributes,
      temperature,
      timeEncoding,
      userTower,
    } = this.config;
    if (attributes) {
      const { count } = demandAttributes(dataset, 'attributes');
      this.features = buildFeatureAttention(parameters.scope('featureAttention'), { count, dimension: D });
    }
    this.window = targetWindow(this.config, dataset);
    if (timeEncoding) this.timeEncoding = buildTimeEncoding(parameters, this.config.timePeriods, dataset);
    const width = (attributes ? 2 * D : D) + (this.timeEncoding ? timeWidth(this.timeEncoding) : 0);
    this.input = {
      weight: parameters.variable('input', [width, D], xavier),
      bias: parameters.variable('inputBias', [D], constant(0), { weightDecay: false }),
    };
    this.positions = parameters.variable('positions', [maxLength, D], normal(0.02));
    this.blocks = Array.from({ length: numLayers }, (_, i) =>
      buildTransformerBlock(parameters.scope(`block${i}`), this.config),
    );
    this.finalNorm = buildNorm(parameters, 'finalNorm', D);
    if (userTower) this.userTower = buildTower(parameters.scope('userTower'), D);
    const start = Math.log(temperature - lowestTemperature);
    this.logTemperature = parameters.variable('logTemperature', [1], constant(start), { weightDecay: false });
  }

  override rowSampler(): RowSampler {
    const { positionsPerUser: positions, targetsPerPosition: targets } = this.config;
    const draw = windowRows({ positions, targets, windowEnd: windowEnd(this.window, this.context.dataset) });
    return (block, random) => {
      hideTimes(block, random.derive('hidden times'));
      return draw(block, random);
    };
  }

  encode(batch: PreparedBatch, items: ItemVectors, pass: Pass): tf.Tensor3D {
    const { batchSize: B, length: T, lengths } = batch;
    const { dimension: D, dropout } = this.config;
    const read = linear(this.inputVectors(batch, items), this.input.weight, this.input.bias); // [B·T, D]
    const placed = tf.add(
      tf.reshape(read, [B, T, D]),
      tf.slice(this.positions as unknown as tf.Tensor2D, [0, 0], [T, D]),
    ) as tf.Tensor3D; // [B, T, D]
    const mask = causalMask(lengths, T);
    const options: TransformerOptions = { ...this.config, norm: 'pre', activation: 'gelu', mask, pass };
    const start = pass.dropout(placed, dropout);
    const states = this.blocks.reduce((x, block) => transformerBlock(block, x, options), start);
    return throughTower(normalise(states, this.finalNorm), this.userTower);
  }

  /** @returns [B·T, D], with D more for attributes and `timeWidth` more for times */
  private inputVectors(batch: PreparedBatch, items: ItemVectors): tf.Tensor2D {
    const count = batch.batchSize * batch.length;
    const parts = [items.gather(tf.reshape(batch.itemIds, [count]))]; // [B·T, D]
    const { attributes } = this.context.dataset;
    if (this.features && attributes) parts.push(featureVectors(this.features, attributes, batch.items)); // [B·T, D]
    if (this.timeEncoding) {
      const times = timeFeatures(batch, timeEncodingOf(this.timeEncoding));
      parts.push(tf.tensor2d(times, [count, timeWidth(this.timeEncoding)])); // [B·T, w]
    }
    return parts.length > 1 ? tf.concat2d(parts, 1) : parts[0];
  }

  /** h at length 1, over the temperature. */
  override scoredState(h: tf.Tensor2D): tf.Tensor2D {
    return tf.div(l2Normalise(h), this.temperature());
  }

  /** τ. @returns [1] */
  temperature(): tf.Tensor {
    return tf.add(tf.exp(this.logTemperature), lowestTemperature);
  }
}

/** @throws UsageError if the data has none */
function demandAttributes({ attributes }: Dataset, key: string): ItemAttributes {
  if (!attributes?.count)
    throw new UsageError(`"backbone.${key}" is true, but the items of the data set have none.`);
  return attributes;
}

export const pinnerformer: BackboneDescriptor<PinnerFormerConfig> = {
  kind: 'backbone',
  id: 'pinnerformer',
  specVersion: 'v1',
  summary:
    'PinnerFormer: user and item towers of length 1; positions predict items of the window that follows them.',
  paper: 'Pancha et al., "PinnerFormer: Sequence Modeling for User Representation at Pinterest", KDD 2022',
  config: PinnerFormerConfig,
  capabilities: defaultBackboneCapabilities,
  create: (config) => {
    checkHeads(config);
    demandWindow(config);
    return new PinnerFormerBackbone(config);
  },
};
