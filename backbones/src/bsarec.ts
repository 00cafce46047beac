/**
 * BSARec: self-attention beside a filter of the frequencies of the history (Shin et al., AAAI 2024).
 *
 * Each block mixes filterShare · LN(X + filter(X)) + (1 − filterShare) · LN(X + attention(X)), then has a feed-forward layer.
 * The filter is low + β² · high, where low is the history's lowest frequencies and high the rest; β is learned per channel.
 * The filter mixes all positions, so only the last one predicts, and every prefix of a history is a training sequence.
 *
 * Deviations from the authors' code (github.com/yehjin-shin/BSARec):
 * - With `transform: padded` the blocks run on histories padded on the left, as theirs do: padding has states of its own,
 *   which the filter mixes in. Its item vector is 0 here; theirs is a row of the table, which learns as it is a candidate
 *   of their softmax.
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
  type EncodedRows,
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
  normal,
  paddingMask,
} from '@coco-rec/core';
import { checkHeads } from './layers/check-heads.js';
import { fromTheLeft, leftPaddingMask, newestLeftPaddingMask, paddedOnLeft } from './layers/left-padding.js';
import { lowPassMatrices } from './layers/low-pass.js';
import { type Norm, buildNorm, normalise } from './layers/norm.js';
import { asksForLast } from './layers/asks-for-last.js';
import { positionsFromNewest } from './layers/positions.js';
import {
  type TransformerBlock,
  type TransformerOptions,
  attendChosen,
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
    const placed = this.place(batch, items);
    const options = this.blockOptions(placed.mask(), pass);
    const lowPass = this.lowPass(placed);
    let x = this.embedded(placed, pass); // [B, S, D]
    for (const block of this.blocks) x = this.runBlock(block, x, lowPass, options);
    return this.config.transform === 'padded' ? fromTheLeft(x, batch) : x;
  }

  override encodeRows(batch: PreparedBatch, items: ItemVectors, pass: Pass): EncodedRows {
    if (!asksForLast(batch)) return super.encodeRows(batch, items, pass);
    const encode = (): tf.Tensor3D => this.encode(batch, items, pass);
    return {
      h: this.lastStates(this.place(batch, items), pass),
      get states() {
        return encode();
      },
    };
  }

  /** The newest states alone: little of the last block is needed then. @returns [B, D] */
  private lastStates(placed: Placed, pass: Pass): tf.Tensor2D {
    const lowPass = this.lowPass(placed); // [B, S, S]
    let x = this.embedded(placed, pass); // [B, S, D]
    const before = this.blocks.slice(0, -1);
    if (before.length > 0) {
      const options = this.blockOptions(placed.mask(), pass);
      for (const block of before) x = this.runBlock(block, x, lowPass, options);
    }
    const block = this.blocks[before.length];
    return this.runLast(block, x, lowPass, placed.newest, this.blockOptions(placed.newestMask(), pass));
  }

  /** Item and position vectors where the blocks want them. */
  private place(batch: PreparedBatch, items: ItemVectors): Placed {
    const { batchSize: B, length: T, lengths } = batch;
    const { dimension: D, maxLength, transform } = this.config;
    const table = this.positions as unknown as tf.Tensor2D; // [maxLength, D]
    if (transform === 'history') {
      const vectors = tf.reshape(items.gather(tf.reshape(batch.itemIds, [B * T])), [B, T, D]);
      const x = tf.add(vectors, positionsFromNewest(table, lengths, T)) as tf.Tensor3D; // [B, T, D]
      return {
        x,
        lengths,
        newest: lengths.map((own) => Math.max(0, own - 1)),
        mask: () => causalMask(lengths, T),
        newestMask: () => paddingMask(lengths, T),
      };
    }
    const { ids, isItem } = paddedOnLeft(batch, maxLength);
    const gathered = tf.reshape(items.gather(tf.tensor1d(ids, 'int32')), [B, maxLength, D]);
    const vectors = tf.mul(gathered, tf.tensor3d(isItem, [B, maxLength, 1])); // [B, maxLength, D]
    return {
      x: tf.add(vectors, table) as tf.Tensor3D,
      lengths: new Int32Array(B).fill(maxLength),
      newest: new Int32Array(B).fill(maxLength - 1),
      mask: () => leftPaddingMask(lengths, maxLength),
      newestMask: () => newestLeftPaddingMask(lengths, maxLength),
    };
  }

  private lowPass({ x, lengths }: Placed): tf.Tensor3D {
    return lowPassMatrices(lengths, x.shape[1], Math.floor(this.config.cutoff / 2)); // [B, S, S]
  }

  private embedded({ x }: Placed, pass: Pass): tf.Tensor3D {
    return pass.dropout(normalise(x, this.embeddingNorm), this.config.dropout);
  }

  private blockOptions(mask: tf.Tensor, pass: Pass): TransformerOptions {
    const { numHeads, dropout } = this.config;
    return { numHeads, dropout, innerDropout: 0, norm: 'post', activation: 'gelu', mask, pass };
  }

  private runBlock(
    block: BSARecBlock,
    x: tf.Tensor3D,
    lowPass: tf.Tensor3D,
    options: TransformerOptions,
  ): tf.Tensor3D {
    const low = tf.matMul(lowPass, x) as tf.Tensor3D; // [B, S, D]
    return this.mix(block, x, low, selfAttention(block, x, options), options);
  }

  /** `runBlock` for one place of each history. @param newest [B] @returns [B, D] */
  private runLast(
    block: BSARecBlock,
    x: tf.Tensor3D,
    lowPass: tf.Tensor3D,
    newest: Int32Array,
    options: TransformerOptions,
  ): tf.Tensor2D {
    const [B, S, D] = x.shape;
    const ids = tf.tensor1d(
      newest.map((place, b) => b * S + place),
      'int32',
    );
    const flat: tf.Tensor2D = tf.reshape(x, [B * S, D]);
    const filters = tf.reshape(gatherRows(tf.reshape(lowPass, [B * S, S]), ids), [B, 1, S]);
    const low: tf.Tensor2D = tf.reshape(tf.matMul(filters, x), [B, D]);
    return this.mix(block, gatherRows(flat, ids), low, attendChosen(block, flat, ids, options), options);
  }

  /** Filter beside attention, then the feed-forward layer. @param x, low, attended of one shape @returns that shape */
  private mix<T extends tf.Tensor>(
    block: BSARecBlock,
    x: T,
    low: T,
    attended: T,
    options: TransformerOptions,
  ): T {
    const { dropout, pass } = options;
    const { filterShare } = this.config;
    const withInput = (output: T, norm: Norm, input: T): T =>
      normalise(tf.add(input, pass.dropout(output, dropout)) as T, norm);
    const filtered = withInput(filter(x, low, block.high), block.filterNorm, x);
    const seen = withInput(attended, block.attentionNorm, x);
    const mixed = tf.add(tf.mul(filtered, filterShare), tf.mul(seen, 1 - filterShare)) as T;
    return withInput(feedForward(block, mixed, options), block.feedForwardNorm, mixed); // dropped once, after it
  }
}

/** Histories as the blocks read them, of S places each. */
interface Placed {
  /** [B, S, D] */
  readonly x: tf.Tensor3D;
  /** [B], over how many places of each row the transform runs. */
  readonly lengths: Int32Array;
  /** [B], the place of the newest item. */
  readonly newest: Int32Array;
  /** What each place sees. @returns [B, 1, S, S] */
  readonly mask: () => tf.Tensor4D;
  /** What the newest place sees. @returns [B, 1, 1, S] */
  readonly newestMask: () => tf.Tensor4D;
}

/** low + β² · high. @param x, low of one shape @param high β, [D] @returns that shape */
export function filter<T extends tf.Tensor>(x: T, low: T, high: tf.Tensor): T {
  return tf.add(low, tf.mul(tf.square(high), tf.sub(x, low)));
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
