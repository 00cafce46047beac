/**
 * BERT4Rec: bidirectional self-attention trained to fill in hidden items (Sun et al., CIKM 2019).
 *
 * Deviations from the authors' code (github.com/FeiSun/BERT4Rec):
 * - The last training item is hidden in every sample, not in `maskRatio` of them: as for every backbone here it is a
 *   target only. `lastMaskShare` is the share of samples in which it is the only one; the authors have 1 in 11 of them.
 * - `prefixShare` (off) cuts sequences at random places, as otherwise the last item is the same target in every sample.
 * - What is hidden is drawn anew in each epoch; the authors draw 10 times beforehand. A history longer than `maxLength`
 *   is cut to its newest items, where the authors add windows of the rest.
 * - The MASK comes on top of `maxLength`; the authors' 50 places hold it.
 * - MASK and padding are no candidates of the softmax, and MASK has a vector of its own.
 * - The loss is the config's (`train.loss`); full softmax, the paper's, by default. The bias takes part in all of them.
 * - Layer norm's epsilon is 1e-5; weights are Gaussian, not cut at two deviations; Adam's epsilon is 1e-8 (theirs 1e-6).
 * - They train on the validation items too before they test.
 */
import * as tf from '@tensorflow/tfjs-core';
import { IsIn, IsNumber, Max, Min } from 'class-validator';
import {
  Backbone,
  type BackboneCapabilities,
  type BackboneContext,
  type BackboneDescriptor,
  type Batch,
  Describe,
  type HiddenPositions,
  type ItemVectors,
  type KeptItems,
  type Parameters,
  type Pass,
  type PreparedBatch,
  type Random,
  type RowSampler,
  type Rows,
  clozeRows,
  constant,
  defaultBackboneCapabilities,
  gelu,
  linear,
  normal,
  paddingMask,
  withMaskPlace,
} from '@coco-rec/core';
import { type BertEncoder, bertEncode, buildBertEncoder, tokenVectors } from './layers/bert-encoder.js';
import { BiasedItemVectors, withOne } from './layers/biased-item-vectors.js';
import { checkHeads } from './layers/check-heads.js';
import { type Norm, buildNorm, normalise } from './layers/norm.js';
import { TransformerConfig } from './layers/transformer-config.js';

export class BERT4RecConfig extends TransformerConfig {
  @Describe('Histories are cut to their newest items; the MASK comes on top.')
  override maxLength = 50;

  @Describe('Dropout on embeddings and block outputs. On Beauty the authors have .5.')
  override dropout = 0.2;

  @Describe('Dropout on attention weights.')
  @IsNumber()
  @Min(0)
  @Max(0.95)
  attentionDropout = 0.2;

  @Describe(
    'Share of the items of a training sequence that are hidden, the last one among them. The paper: .2 to .6.',
  )
  @IsNumber()
  @Min(0)
  @Max(1)
  maskRatio = 0.6;

  @Describe('Share of the training sequences in which only the last item is hidden, as at prediction.')
  @IsNumber()
  @Min(0)
  @Max(1)
  lastMaskShare = 0.1;

  @Describe(
    'Share of the training sequences that are cut at a place drawn anew each epoch, as they were at an earlier time, so ' +
      'that the last item, which is always hidden, is not the same each time. Not in the paper: 0.',
  )
  @IsNumber()
  @Min(0)
  @Max(1)
  prefixShare = 0;

  @Describe(
    'Positions count from the `oldest` item kept, or back from the `newest`, so that the MASK that asks for the next item ' +
      'always has the same one.',
  )
  @IsIn(['oldest', 'newest'])
  positionsFrom: 'oldest' | 'newest' = 'oldest';
}

/** States see all of a sequence, and only the one at the MASK predicts. */
const capabilities: BackboneCapabilities = {
  ...defaultBackboneCapabilities,
  causal: false,
  perPositionStates: false,
};

export class BERT4RecBackbone extends Backbone {
  readonly id = 'bert4rec';
  readonly dimension: number;
  override readonly maxLength: number;
  override readonly capabilities = capabilities;
  private encoder!: BertEncoder;
  private output!: tf.Variable;
  private outputBias!: tf.Variable;
  private outputNorm!: Norm;
  /** [V+1, 1] */
  private itemBias!: tf.Variable;

  constructor(private readonly config: BERT4RecConfig) {
    super();
    this.dimension = config.dimension;
    this.maxLength = config.maxLength;
  }

  protected build(parameters: Parameters, { itemCount }: BackboneContext): void {
    const { dimension: D, maxLength } = this.config;
    const isBias = { weightDecay: false };
    this.encoder = buildBertEncoder(parameters, { ...this.config, positions: maxLength + 1 });
    this.output = parameters.variable('output', [D, D], normal(0.02));
    this.outputBias = parameters.variable('outputBias', [D], constant(0), isBias);
    this.outputNorm = buildNorm(parameters, 'outputNorm', D);
    this.itemBias = parameters.variable('itemBias', [itemCount + 1, 1], constant(0), isBias);
  }

  override rowSampler(): RowSampler {
    const { maskRatio, lastMaskShare, prefixShare } = this.config;
    const hide: HiddenPositions = (length, random) =>
      random.uniform() < lastMaskShare
        ? []
        : drawPositions(length, Math.round(maskRatio * (length + 1)) - 1, random);
    const keep: KeptItems = (length, random) =>
      random.uniform() < prefixShare ? 1 + random.integer(length) : length;
    return clozeRows(hide, prefixShare > 0 ? keep : undefined);
  }

  /** Every sequence gets a place for the MASK that asks for the next item. */
  override prepare(batch: Batch): Promise<PreparedBatch> {
    return super.prepare(withMaskPlace(batch));
  }

  encode(batch: PreparedBatch, items: ItemVectors, pass: Pass): tf.Tensor3D {
    const mask = paddingMask(batch.lengths, batch.length);
    const vectors = tokenVectors(this.encoder, batch.itemIds, items); // [B, T, D]
    const fromNewest = this.config.positionsFrom === 'newest' ? batch.lengths : undefined;
    const x = bertEncode(this.encoder, vectors, { ...this.config, mask, pass, fromNewest }); // [B, T, D]
    return normalise(gelu(linear(x, this.output, this.outputBias)), this.outputNorm); // [B, T, D]
  }

  override scores(h: tf.Tensor2D, items: ItemVectors, from: number, to: number): tf.Tensor2D {
    return tf.matMul(withOne(h), this.biased(items).block(from, to), false, true);
  }

  override rowLoss(h: tf.Tensor2D, rows: Rows, items: ItemVectors, pass: Pass): tf.Tensor1D {
    return this.context.loss(withOne(h), rows, this.biased(items), pass);
  }

  private biased(items: ItemVectors): ItemVectors {
    return new BiasedItemVectors(items, this.itemBias as unknown as tf.Tensor2D);
  }
}

/** `count` of the positions 0 to length − 1, in rising order. */
function drawPositions(length: number, count: number, random: Random): number[] {
  const order = random.shuffle(Int32Array.from({ length }, (_, t) => t));
  return Array.from(order.subarray(0, Math.max(0, count))).sort((a, b) => a - b);
}

export const bert4rec: BackboneDescriptor<BERT4RecConfig> = {
  kind: 'backbone',
  id: 'bert4rec',
  specVersion: 'v1',
  summary: 'BERT4Rec: bidirectional self-attention, trained to fill in hidden items.',
  paper: 'Sun et al., "BERT4Rec: Sequential Recommendation with Bidirectional Encoder…", CIKM 2019',
  config: BERT4RecConfig,
  capabilities,
  create: (config) => {
    checkHeads(config);
    return new BERT4RecBackbone(config);
  },
};
