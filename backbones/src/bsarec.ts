/**
 * BSARec: self-attention beside a filter of the frequencies of the history (Shin et al., AAAI 2024).
 *
 * Each block mixes filterShare · LN(X + filter(X)) + (1 − filterShare) · LN(X + attention(X)), then has a feed-forward layer.
 * The filter is low + β² · high, where low is the history's lowest frequencies and high the rest; β is learned per channel.
 * The filter mixes all positions, so only the last one predicts, and every prefix of a history is a training sequence.
 *
 * Deviations from the authors' code (github.com/yehjin-shin/BSARec):
 * - With `transform: padded` the blocks run on histories padded on the left, as theirs do: padding has states of its own,
 *   which the filter mixes in. Its item vector is 0 here, where theirs is random and stays so.
 * - `transform: history` is not theirs: it takes the frequencies of the items alone. Short histories then have few
 *   frequencies and are passed on unfiltered if all of them count as low.
 * - They train on the empty history too, to predict the first item, and take prefixes of the newest `maxLength` training
 *   items only; here the shortest prefix has one item, and all of them are taken.
 * - They give items of the history the score 0; here `evaluate.filter` says whether they are left out.
 * - The epsilon of the layer norms is 1e-5, theirs 1e-12.
 */
import * as tf from '@tensorflow/tfjs-core';
import { IsIn, IsInt, IsNumber, Max, Min } from 'class-validator';
import {
  Backbone,
  type BackboneCapabilities,
  type BackboneDescriptor,
  Describe,
  type ItemVectors,
  type Parameters,
  type Pass,
  type PreparedBatch,
  type RowSampler,
  type SequenceKind,
  causalMask,
  defaultBackboneCapabilities,
  gatherRows,
  lastItemRows,
  maskedScore,
  normal,
} from '@coco-rec/core';
import { checkHeads } from './layers/check-heads.js';
import { lowPassMatrices } from './layers/low-pass.js';
import { type Norm, buildNorm, normalise } from './layers/norm.js';
import { positionsFromNewest } from './layers/positions.js';
import {
  type TransformerBlock,
  type TransformerOptions,
  buildTransformerBlock,
  feedForward,
  selfAttention,
} from './layers/transformer-block.js';
import { TransformerConfig } from './layers/transformer-config.js';

export class BSARecConfig extends TransformerConfig {
  override numHeads = 1;

  @Describe(
    'Dropout on embeddings, attention weights and the outputs of filter, attention and feed-forward layer.',
  )
  override dropout = 0.5;

  @Describe("Weight of the filter in each block, the paper's α; self-attention has the rest.")
  @IsNumber()
  @Min(0)
  @Max(1)
  filterShare = 0.7;

  @Describe("The paper's c: frequencies 0 to ⌊c / 2⌋ of the real transform count as low, the others as high.")
  @IsInt()
  @Min(1)
  cutoff = 5;

  @Describe(
    "The frequencies are those of the history `padded` on the left to `maxLength`, as in the authors' code, or of the " +
      '`history` alone, which costs less.',
  )
  @IsIn(['padded', 'history'])
  transform: 'padded' | 'history' = 'padded';
}

const capabilities: BackboneCapabilities = {
  ...defaultBackboneCapabilities,
  perPositionStates: false,
  causal: false,
};

interface BSARecBlock extends TransformerBlock {
  readonly filterNorm: Norm;
  /** β, [D]. */
  readonly high: tf.Variable;
}

export class BSARecBackbone extends Backbone {
  readonly id = 'bsarec';
  readonly dimension: number;
  override readonly maxLength: number;
  override readonly capabilities = capabilities;
  private positions!: tf.Variable;
  private embeddingNorm!: Norm;
  private blocks: BSARecBlock[] = [];

  constructor(private readonly config: BSARecConfig) {
    super();
    this.dimension = config.dimension;
    this.maxLength = config.maxLength;
  }

  protected build(parameters: Parameters): void {
    const { dimension, maxLength, numLayers } = this.config;
    this.positions = parameters.variable('positions', [maxLength, dimension], normal(0.02));
    this.embeddingNorm = buildNorm(parameters, 'embeddingNorm', dimension);
    this.blocks = Array.from({ length: numLayers }, (_, i) => {
      const scope = parameters.scope(`block${i}`);
      return {
        ...buildTransformerBlock(scope, this.config),
        filterNorm: buildNorm(scope, 'filterNorm', dimension),
        high: scope.variable('high', [dimension], normal(1), { weightDecay: false }),
      };
    });
  }

  override sequences(): SequenceKind {
    return 'prefixes';
  }

  override rowSampler(): RowSampler {
    return lastItemRows;
  }

  encode(batch: PreparedBatch, items: ItemVectors, pass: Pass): tf.Tensor3D {
    return this.config.transform === 'padded'
      ? this.encodePadded(batch, items, pass)
      : this.encodeHistories(batch, items, pass);
  }

  private encodeHistories(batch: PreparedBatch, items: ItemVectors, pass: Pass): tf.Tensor3D {
    const { batchSize: B, length: T, lengths } = batch;
    const vectors = tf.reshape(items.gather(tf.reshape(batch.itemIds, [B * T])), [B, T, this.dimension]);
    const table = this.positions as unknown as tf.Tensor2D; // [maxLength, D]
    const x = tf.add(vectors, positionsFromNewest(table, lengths, T)) as tf.Tensor3D; // [B, T, D]
    return this.runBlocks(x, { lengths, mask: causalMask(lengths, T), pass });
  }

  private encodePadded(batch: PreparedBatch, items: ItemVectors, pass: Pass): tf.Tensor3D {
    const { batchSize: B, length: T, lengths } = batch;
    const { dimension: D, maxLength } = this.config;
    const { ids, isItem } = paddedOnLeft(batch, maxLength);
    const gathered = tf.reshape(items.gather(tf.tensor1d(ids, 'int32')), [B, maxLength, D]);
    const vectors = tf.mul(gathered, tf.tensor3d(isItem, [B, maxLength, 1])); // [B, maxLength, D]
    const x = tf.add(vectors, this.positions) as tf.Tensor3D; // [B, maxLength, D]
    const whole = new Int32Array(B).fill(maxLength);
    const states = this.runBlocks(x, { lengths: whole, mask: leftPaddingMask(lengths, maxLength), pass });
    const places = new Int32Array(B * T).fill(maxLength - 1); // padding takes the last state
    for (let b = 0; b < B; b++) {
      for (let t = 0; t < lengths[b]; t++) places[b * T + t] = maxLength - lengths[b] + t;
    }
    const rows = places.map((place, i) => Math.floor(i / T) * maxLength + place);
    const flat: tf.Tensor2D = tf.reshape(states, [B * maxLength, D]);
    return tf.reshape(gatherRows(flat, tf.tensor1d(rows, 'int32')), [B, T, D]);
  }

  /** @param lengths [B], over how many positions of each row the transform runs @returns x's shape */
  private runBlocks(
    x: tf.Tensor3D,
    { lengths, mask, pass }: { lengths: Int32Array; mask: tf.Tensor; pass: Pass },
  ): tf.Tensor3D {
    const { numHeads, dropout, cutoff } = this.config;
    const lowPass = lowPassMatrices(lengths, x.shape[1], Math.floor(cutoff / 2)); // [B, T, T]
    const options: TransformerOptions = { numHeads, dropout, norm: 'post', activation: 'gelu', mask, pass };
    x = pass.dropout(normalise(x, this.embeddingNorm), dropout);
    for (const block of this.blocks) x = this.runBlock(block, x, lowPass, options);
    return x;
  }

  private runBlock(
    block: BSARecBlock,
    x: tf.Tensor3D,
    lowPass: tf.Tensor3D,
    options: TransformerOptions,
  ): tf.Tensor3D {
    const { dropout, pass } = options;
    const { filterShare } = this.config;
    const withInput = (output: tf.Tensor3D, norm: Norm, input: tf.Tensor3D): tf.Tensor3D =>
      normalise(tf.add(input, pass.dropout(output, dropout)) as tf.Tensor3D, norm);
    const filtered = withInput(filter(x, lowPass, block.high), block.filterNorm, x); // [B, T, D]
    const attended = withInput(selfAttention(block, x, options), block.attentionNorm, x); // [B, T, D]
    const mixed = tf.add(tf.mul(filtered, filterShare), tf.mul(attended, 1 - filterShare)) as tf.Tensor3D; // [B, T, D]
    const fed = feedForward(block, mixed, { ...options, innerDropout: 0 }); // [B, T, D], dropped once, after it
    return withInput(fed, block.feedForwardNorm, mixed);
  }
}

/** low + β² · high. @param x [B, T, D] @param lowPass [B, T, T] @param high β, [D] @returns [B, T, D] */
export function filter(x: tf.Tensor3D, lowPass: tf.Tensor3D, high: tf.Tensor): tf.Tensor3D {
  const low = tf.matMul(lowPass, x); // [B, T, D]
  return tf.add(low, tf.mul(tf.square(high), tf.sub(x, low)));
}

/** @returns item ids with the newest last, and 1 where one is; both [B·length] */
function paddedOnLeft(batch: PreparedBatch, length: number): { ids: Int32Array; isItem: Float32Array } {
  const { batchSize, items, lengths } = batch;
  const ids = new Int32Array(batchSize * length);
  for (let b = 0; b < batchSize; b++) {
    const own = items.subarray(b * batch.length, b * batch.length + lengths[b]);
    ids.set(own, (b + 1) * length - own.length);
  }
  return { ids, isItem: Float32Array.from(ids, (id) => (id > 0 ? 1 : 0)) };
}

/**
 * An item sees itself and earlier items. Padding, on the left, sees everything: the authors' mask lowers all of its scores
 * alike, which changes nothing. @returns [B, 1, T, T]: 0 or −1e9
 */
function leftPaddingMask(lengths: Int32Array, length: number): tf.Tensor4D {
  const mask = new Float32Array(lengths.length * length * length);
  lengths.forEach((own, b) => {
    const first = length - own;
    for (let query = first; query < length; query++) {
      const row = (b * length + query) * length;
      mask.fill(maskedScore, row, row + first).fill(maskedScore, row + query + 1, row + length);
    }
  });
  return tf.tensor4d(mask, [lengths.length, 1, length, length]);
}

export const bsarec: BackboneDescriptor<BSARecConfig> = {
  kind: 'backbone',
  id: 'bsarec',
  specVersion: 'v1',
  summary:
    'BSARec: self-attention beside a learned filter of the frequencies of the history; trained on all prefixes.',
  paper:
    'Shin et al., "An Attentive Inductive Bias for Sequential Recommendation beyond the Self-Attention", AAAI 2024',
  config: BSARecConfig,
  capabilities,
  create: (config) => {
    checkHeads(config);
    return new BSARecBackbone(config);
  },
};
