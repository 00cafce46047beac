/**
 * S3-Rec: SASRec after pre-training on items, attributes and segments (Zhou et al., CIKM 2020).
 *
 * A stage `pre-train` comes before the main training: a bidirectional encoder reads every prefix of the training
 * histories with hidden items. The same weights then predict the next item with a causal mask, as SASRec's do. The stage
 * is a part of the run and of its checkpoint, so there is no file of pre-trained weights that could be the wrong one.
 *
 * Deviations from the authors' code (github.com/RUCAIBox/CIKM2020-S3Rec):
 * - Scores pass through one sigmoid in MIP and SP; the authors' pass through two, which bounds their difference by 1.
 * - The sums of the losses are divided by the number of hidden items of the step, so that they do not grow with it. Their
 *   proportion is the authors'.
 * - The wrong segment comes from other users of the same batch. The authors draw it from all interactions, those of
 *   validation and test too.
 * - A prefix of one item, of which only the MASK would be seen, is left out. All prefixes are read, the long ones without
 *   their oldest items; the authors take prefixes of the newest 50 training items only.
 * - Fine-tuning has the config's loss (`train.loss`); the authors have BCE, whose negatives leave out the user's validation
 *   and test items as well. Seen items score as any other (theirs score 0), and padding and MASK are no candidates.
 * - Padding is on the right and positions count from the oldest item kept; layer norm's epsilon is 1e-5.
 */
import * as tf from '@tensorflow/tfjs-core';
import { IsInt, IsNumber, Max, Min } from 'class-validator';
import {
  Backbone,
  type BackboneCapabilities,
  type BackboneDescriptor,
  Describe,
  type ItemAttributes,
  type ItemVectors,
  type Parameters,
  type Pass,
  type PreparedBatch,
  Random,
  type Stage,
  type StepLoss,
  UsageError,
  causalMask,
  clozeRows,
  defaultBackboneCapabilities,
  gatherRows,
  normal,
  paddingMask,
} from '@coco-rec/core';
import {
  type BertEncoder,
  type BertOptions,
  bertEncode,
  bertEncodeChosen,
  buildBertEncoder,
  tokenVectors,
} from './layers/bert-encoder.js';
import { checkHeads } from './layers/check-heads.js';
import {
  type Head,
  type MaskedBatch,
  type Tokens,
  attributeLoss,
  buildHead,
  drawOther,
  drawSegments,
  maskedBatch,
  pairLoss,
} from './layers/self-supervision.js';
import { TransformerConfig } from './layers/transformer-config.js';

export class S3RecConfig extends TransformerConfig {
  @Describe('Dropout on embeddings, attention weights and block outputs. The authors have .5.')
  override dropout = 0.3;

  @Describe('Epochs of pre-training; each reads every prefix of every history. The authors have 100 to 300.')
  @IsInt()
  @Min(1)
  preTrainEpochs = 20;

  @Describe('Chance of an item to be hidden in pre-training; the last one of a prefix always is.')
  @IsNumber()
  @Min(0)
  @Max(1)
  maskRatio = 0.2;

  @Describe('Weight of associated attribute prediction: attributes of the items that are seen.')
  @IsNumber()
  @Min(0)
  aapWeight = 0.2;

  @Describe('Weight of masked item prediction: the hidden item against another one.')
  @IsNumber()
  @Min(0)
  mipWeight = 1;

  @Describe('Weight of masked attribute prediction: attributes of the hidden items.')
  @IsNumber()
  @Min(0)
  mapWeight = 1;

  @Describe("Weight of segment prediction: the hidden segment against another user's.")
  @IsNumber()
  @Min(0)
  spWeight = 0.5;
}

const capabilities: BackboneCapabilities = { ...defaultBackboneCapabilities, attributes: true };

export class S3RecBackbone extends Backbone {
  readonly id = 's3rec';
  readonly dimension: number;
  override readonly maxLength: number;
  override readonly capabilities = capabilities;
  private encoder!: BertEncoder;
  /** [A, D] */
  private attributes!: tf.Variable;
  private heads!: Readonly<Record<'aap' | 'mip' | 'map' | 'sp', Head>>;

  constructor(private readonly config: S3RecConfig) {
    super();
    this.dimension = config.dimension;
    this.maxLength = config.maxLength;
  }

  protected build(parameters: Parameters): void {
    const { dimension: D, maxLength } = this.config;
    // Pre-training has the last item of a prefix at a place of its own.
    this.encoder = buildBertEncoder(parameters, { ...this.config, positions: maxLength + 1 });
    const own = parameters.scope('preTrain');
    this.attributes = own.variable('attributes', [this.itemAttributes().count, D], normal(0.02));
    const head = (name: string): Head => buildHead(own, name, D);
    this.heads = { aap: head('aap'), mip: head('mip'), map: head('map'), sp: head('sp') };
  }

  private itemAttributes(): ItemAttributes {
    return this.context.dataset.attributes as ItemAttributes; // there by the capability
  }

  encode(
    { itemIds, lengths, length: T, batchSize: B }: PreparedBatch,
    items: ItemVectors,
    pass: Pass,
  ): tf.Tensor3D {
    const ids = tf.reshape(itemIds, [B * T]) as tf.Tensor1D;
    const vectors = tf.reshape(items.gather(ids), [B, T, this.dimension]) as tf.Tensor3D; // [B, T, D]
    const mask = causalMask(lengths, T);
    return bertEncode(this.encoder, vectors, { ...this.encoderOptions(), mask, pass });
  }

  override stages(): readonly Stage[] {
    const { maskRatio, preTrainEpochs } = this.config;
    const rows = clozeRows((length, random) =>
      Array.from({ length }, (_, t) => t).filter(() => random.uniform() < maskRatio),
    );
    const loss = (batch: PreparedBatch, pass: Pass): StepLoss => this.preTrainLoss(batch, pass);
    return [{ name: 'pre-train', epochs: preTrainEpochs, sequences: 'prefixes', rows, loss }];
  }

  private encoderOptions(): { numHeads: number; dropout: number; attentionDropout: number } {
    const { numHeads, dropout } = this.config;
    return { numHeads, dropout, attentionDropout: dropout };
  }

  /** What the encoder reads of tokens that all see each other. */
  private bothWays(
    items: Int32Array,
    lengths: Int32Array,
    T: number,
    pass: Pass,
  ): [vectors: tf.Tensor3D, options: BertOptions] {
    const ids = tf.tensor2d(items, [lengths.length, T], 'int32');
    const vectors = tokenVectors(this.encoder, ids, this.itemVectors()); // [B, T, D]
    return [vectors, { ...this.encoderOptions(), mask: paddingMask(lengths, T), pass }];
  }

  /** The four losses, each by the number of hidden items. */
  private preTrainLoss(prepared: PreparedBatch, pass: Pass): StepLoss {
    const { aapWeight, mipWeight, mapWeight, spWeight } = this.config;
    const batch = maskedBatch(prepared);
    const random = new Random(pass.nextKey());
    const [vectors, options] = this.bothWays(batch.hidden, batch.whole.lengths, batch.whole.length, pass);
    const encoded = bertEncode(this.encoder, vectors, options); // [B, T, D]
    const states: tf.Tensor2D = tf.reshape(encoded, [-1, this.dimension]); // [B·T, D]
    const atHidden = at(states, batch.places); // [P, D]
    const table = this.attributes as unknown as tf.Tensor2D;
    const known = this.itemAttributes();
    const { aap, map } = this.heads;
    const sums: readonly (readonly [name: string, weight: number, sum: () => tf.Scalar])[] = [
      ['aap', aapWeight, () => attributeLoss(aap, at(states, batch.seenPlaces), table, batch.seen, known)],
      ['mip', mipWeight, () => this.itemLoss(atHidden, batch, random.derive('items'))],
      ['map', mapWeight, () => attributeLoss(map, atHidden, table, batch.targets, known)],
      ['sp', spWeight, () => this.segmentLoss(batch.whole, random.derive('segments'), pass)],
    ];
    const parts: Record<string, tf.Scalar> = {};
    let total: tf.Scalar = tf.scalar(0);
    for (const [name, weight, sum] of sums) {
      if (weight === 0) continue;
      parts[name] = tf.div(sum(), Math.max(1, batch.places.length));
      total = tf.add(total, tf.mul(parts[name], weight));
    }
    return { total, parts };
  }

  /** MIP: each hidden item against one that its sequence has not. */
  private itemLoss(states: tf.Tensor2D, { whole, places, targets }: MaskedBatch, random: Random): tf.Scalar {
    const others = places.map((place) => {
      const start = place - (place % whole.length);
      const own = whole.items.subarray(start, start + whole.length);
      return drawOther(own, this.context.itemCount, random);
    });
    const items = this.itemVectors();
    const gather = (ids: Int32Array): tf.Tensor2D => items.gather(tf.tensor1d(ids, 'int32')); // [P, D]
    return pairLoss(this.heads.mip, states, gather(targets), gather(others));
  }

  /** SP: the state at a sequence's last place stands for the segment, and for what surrounds it. */
  private segmentLoss(whole: Tokens, random: Random, pass: Pass): tf.Scalar {
    const { lengths, context, right, wrong } = drawSegments(whole, random);
    const S = lengths.length;
    if (S === 0) return tf.mul(0, tf.sum(this.heads.sp.weight)); // a loss by itself still has a gradient
    const all = Int32Array.from([...context, ...right, ...wrong]);
    const allLengths = Int32Array.from([...lengths, ...lengths, ...lengths]);
    const [vectors, options] = this.bothWays(all, allLengths, whole.length, pass);
    const last = allLengths.map((length, n) => n * whole.length + length - 1);
    const states = bertEncodeChosen(this.encoder, vectors, last, options); // [3S, D]
    const [ofContext, ofRight, ofWrong] = tf.split(states, 3) as tf.Tensor2D[]; // [S, D] each
    return pairLoss(this.heads.sp, ofContext, ofRight, ofWrong);
  }
}

function at(states: tf.Tensor2D, places: Int32Array): tf.Tensor2D {
  return gatherRows(states, tf.tensor1d(places, 'int32'));
}

/** @throws UsageError if pre-training had nothing to learn from */
function demandLoss({ aapWeight, mipWeight, mapWeight, spWeight }: S3RecConfig): void {
  if (aapWeight + mipWeight + mapWeight + spWeight > 0) return;
  throw new UsageError(
    '"backbone.aapWeight", "backbone.mipWeight", "backbone.mapWeight" and "backbone.spWeight" are all 0: that is SASRec. ' +
      'Use "backbone: sasrec", or give one of them a weight.',
  );
}

export const s3rec: BackboneDescriptor<S3RecConfig> = {
  kind: 'backbone',
  id: 's3rec',
  specVersion: 'v1',
  summary: 'S3-Rec: SASRec after pre-training on items, attributes and segments.',
  paper: 'Zhou et al., "S3-Rec: Self-Supervised Learning for Sequential Recommendation…", CIKM 2020',
  config: S3RecConfig,
  capabilities,
  create: (config) => {
    checkHeads(config);
    demandLoss(config);
    return new S3RecBackbone(config);
  },
};
