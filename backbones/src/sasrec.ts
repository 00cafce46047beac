/**
 * SASRec: self-attentive sequential recommendation (Kang and McAuley, ICDM 2018).
 *
 * Deviations from the authors' code (github.com/kang205/SASRec):
 * - The loss is the config's (`train.loss`); full softmax by default, where the paper has BCE with one negative.
 * - Short histories share a row (`layers/packing.ts`) and positions count from the oldest item kept, where the authors
 *   pad each history on the left.
 * - Scores are over all items; the authors rank 101 candidates.
 * - `norm: post` is the transformer's original order (as in BERT4Rec's and S3-Rec's code): embeddings are normalised, then
 *   each sub-layer's sum. `norm: pre` is the paper's, but the residual is the raw input, not the normalised query, and keys
 *   and values are normalised as queries are.
 * - Attention has an output projection, with dropout after it; the authors' has neither.
 * - Layer norm's epsilon is 1e-5 (theirs 1e-8), weights are N(0, .02) (Glorot), Adam's β₂ is .999 (.98); padding's item
 *   vector, which nothing sees, is not fixed at 0.
 * - `historyMean` adds the mean of the history to a state, which the paper has not; off by default.
 */
import * as tf from '@tensorflow/tfjs-core';
import { IsBoolean, IsIn } from 'class-validator';
import {
  Backbone,
  type BackboneDescriptor,
  Describe,
  type EncodedRows,
  type ItemVectors,
  type Parameters,
  type Pass,
  type PreparedBatch,
  constant,
  defaultBackboneCapabilities,
  gatherRows,
  linear,
  normal,
  paddingMask,
  residual,
} from '@coco-rec/core';
import { checkHeads } from './layers/check-heads.js';
import { type Norm, buildNorm, normalise } from './layers/norm.js';
import { type Packing, alignHistories, packHistories, unpack, unpackRows } from './layers/packing.js';
import {
  type TransformerBlock,
  buildTransformerBlock,
  transformChosen,
  transformRows,
} from './layers/transformer-block.js';
import { TransformerConfig } from './layers/transformer-config.js';

export class SASRecConfig extends TransformerConfig {
  override numHeads = 1;
  override feedForwardFactor = 1;

  @Describe('Layer norm before (`pre`, the paper) or after (`post`) each sub-layer.')
  @IsIn(['pre', 'post'])
  norm: 'pre' | 'post' = 'pre';

  @Describe('Activation of the feed-forward layer.')
  @IsIn(['relu', 'gelu'])
  activation: 'relu' | 'gelu' = 'relu';

  @Describe(
    'Positions count from the `oldest` item kept, or from the `newest` backwards, as with the padding on the left of the ' +
      "authors' code; then a training row also knows how many training items follow it.",
  )
  @IsIn(['oldest', 'newest'])
  positionsFrom: 'oldest' | 'newest' = 'oldest';

  @Describe(
    "Add W [h; m] to a state h, m the mean of its history's item vectors and W zero at the start: what a user likes in " +
      'the long run (STAMP, Liu et al., KDD 2018), which attention learns slowly from few users.',
  )
  @IsBoolean()
  historyMean = false;

  @Describe('Multiply item embeddings by √D, as the paper does.')
  @IsBoolean()
  scaleEmbedding = true;
}

export class SASRecBackbone extends Backbone {
  readonly id = 'sasrec';
  readonly dimension: number;
  override readonly maxLength: number;
  override readonly mixesLengths = true;
  private positions!: tf.Variable;
  /** On the embeddings (post) or on the last states (pre). */
  private outerNorm!: Norm;
  private blocks: TransformerBlock[] = [];
  /** W of `historyMean`, [2·D, D]. */
  private meanWeight?: tf.Variable;

  constructor(private readonly config: SASRecConfig) {
    super();
    this.dimension = config.dimension;
    this.maxLength = config.maxLength;
  }

  protected build(parameters: Parameters): void {
    const { dimension, maxLength, numLayers } = this.config;
    this.positions = parameters.variable('positions', [maxLength, dimension], normal(0.02));
    this.blocks = Array.from({ length: numLayers }, (_, i) =>
      buildTransformerBlock(parameters.scope(`block${i}`), this.config),
    );
    this.outerNorm = buildNorm(parameters, 'outerNorm', dimension);
    if (!this.config.historyMean) return;
    // One map for all users: the decay that an item table needs would hold it back.
    const kept = { weightDecay: false };
    this.meanWeight = parameters.variable('historyMean', [2 * dimension, dimension], constant(0), kept);
  }

  encode(batch: PreparedBatch, items: ItemVectors, pass: Pass): tf.Tensor3D {
    return this.encodeRows(batch, items, pass).states;
  }

  override encodeRows(batch: PreparedBatch, items: ItemVectors, pass: Pass): EncodedRows {
    const encodeAll = (): EncodedRows => {
      const packing = packHistories(batch);
      const packed = this.packedStates(batch, packing, items, pass);
      return {
        h: unpackRows(packed, packing, batch.rows, batch.length),
        get states() {
          return unpack(packed, packing, batch.batchSize, batch.length);
        },
      };
    };
    if (!this.asksForOneEach(batch, pass)) return encodeAll();
    return {
      h: this.chosenStates(batch, items, pass),
      get states() {
        return encodeAll().states;
      },
    };
  }

  /** True for prediction from histories of like length, one state of each: most of the last block is not needed then. */
  private asksForOneEach({ rows, batchSize, length, lengths }: PreparedBatch, pass: Pass): boolean {
    if (pass.training || this.blocks.length === 0 || this.meanWeight) return false;
    const isOneEach = rows.count === batchSize && rows.sequence.every((b, p) => b === p);
    return isOneEach && batchSize * length <= 2 * lengths.reduce((sum, own) => sum + Math.max(1, own), 0);
  }

  /** The state of each sequence's row. @returns [B, D] */
  private chosenStates(batch: PreparedBatch, items: ItemVectors, pass: Pass): tf.Tensor2D {
    const { batchSize, length: T, rows } = batch;
    const packing = alignHistories(batch);
    const options = { ...this.config, pass };
    let x = this.embedded(batch, packing, items, pass).x; // [B·T, D]
    for (const block of this.blocks.slice(0, -1))
      x = transformRows(block, x, batchSize, { ...options, mask: packing.mask });
    const seen = rows.position.map((t) => t + 1);
    const chosen = rows.position.map((t, b) => b * T + t);
    const last = this.blocks[this.blocks.length - 1];
    const states = transformChosen(last, x, chosen, { ...options, mask: paddingMask(seen, T) });
    return this.config.norm === 'pre' ? normalise(states, this.outerNorm) : states;
  }

  /** @returns [R·C, D] */
  private packedStates(batch: PreparedBatch, packing: Packing, items: ItemVectors, pass: Pass): tf.Tensor2D {
    const { rows, mask } = packing;
    const { gathered, scale, ...embedded } = this.embedded(batch, packing, items, pass);
    let { x } = embedded;
    for (const block of this.blocks) x = transformRows(block, x, rows, { ...this.config, mask, pass });
    const states = this.config.norm === 'pre' ? normalise(x, this.outerNorm) : x; // [R·C, D]
    return this.meanWeight ? withMean(states, tf.mul(gathered, scale), packing, this.meanWeight) : states;
  }

  /** @returns what the blocks read, and the item vectors that are in it; [R·C, D] both */
  private embedded(
    batch: PreparedBatch,
    packing: Packing,
    items: ItemVectors,
    pass: Pass,
  ): { x: tf.Tensor2D; gathered: tf.Tensor2D; scale: number } {
    const { dimension: D, dropout, norm, scaleEmbedding } = this.config;
    const gathered = items.gather(tf.tensor1d(packing.items, 'int32'));
    const scale = scaleEmbedding ? Math.sqrt(D) : 1;
    const sum = residual(this.positionVectors(batch, packing), gathered, { scale });
    const x = pass.dropout(norm === 'post' ? normalise(sum, this.outerNorm) : sum, dropout);
    return { x, gathered, scale };
  }

  /** @returns [R·C, D] */
  private positionVectors({ batchSize, length: T, lengths }: PreparedBatch, packing: Packing): tf.Tensor2D {
    const { maxLength, positionsFrom } = this.config;
    const ids = packing.positions.slice();
    if (positionsFrom === 'newest') {
      for (let b = 0; b < batchSize; b++)
        for (let t = 0; t < lengths[b]; t++) ids[packing.slots[b * T + t]] += maxLength - lengths[b];
    }
    return gatherRows(this.positions as unknown as tf.Tensor2D, tf.tensor1d(ids, 'int32'));
  }
}

/** h + W [h; m], m the mean of what a slot sees. @param states [R·C, D] @param items [R·C, D] @returns [R·C, D] */
function withMean(
  states: tf.Tensor2D,
  items: tf.Tensor2D,
  { rows: R, width: C, mask }: Packing,
  weight: tf.Variable,
): tf.Tensor2D {
  const D = items.shape[1];
  const shares = tf.softmax(tf.reshape(mask, [R, C, C])); // alike for all items that are seen
  const means = tf.matMul(shares, tf.reshape(items, [R, C, D])); // [R, C, D]
  return tf.add(states, linear(tf.concat2d([states, tf.reshape(means, [R * C, D])], 1), weight));
}

export const sasrec: BackboneDescriptor<SASRecConfig> = {
  kind: 'backbone',
  id: 'sasrec',
  specVersion: 'v1',
  summary: 'SASRec: causal self-attention over the history; the default backbone.',
  paper: 'Kang and McAuley, "Self-Attentive Sequential Recommendation", ICDM 2018',
  config: SASRecConfig,
  capabilities: defaultBackboneCapabilities,
  create: (config) => {
    checkHeads(config);
    return new SASRecBackbone(config);
  },
};
