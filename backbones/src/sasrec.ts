/**
 * SASRec: self-attentive sequential recommendation (Kang and McAuley, ICDM 2018).
 *
 * Deviations from the authors' code (github.com/kang205/SASRec):
 * - The loss is the config's (`train.loss`); full softmax by default, where the paper has BCE with one negative.
 * - Padding is on the right and positions count from the oldest item kept, where the authors pad on the left.
 * - Scores are over all items; the authors rank 101 candidates.
 * - `norm: post` is the transformer's original order (as in BERT4Rec's and S3-Rec's code): embeddings are normalised, then
 *   each sub-layer's sum. `norm: pre` is the paper's, but the residual is the raw input, not the normalised query.
 */
import * as tf from '@tensorflow/tfjs-core';
import { IsBoolean, IsIn, IsInt, IsNumber, Max, Min } from 'class-validator';
import {
  Backbone,
  type BackboneDescriptor,
  Describe,
  type ItemVectors,
  type Parameters,
  type Pass,
  type PreparedBatch,
  UsageError,
  attention,
  causalMask,
  constant,
  defaultBackboneCapabilities,
  gatherRows,
  gelu,
  layerNorm,
  linear,
  normal,
} from '@coco-rec/core';

export class SASRecConfig {
  @Describe('Model width D.')
  @IsInt()
  @Min(1)
  dimension = 64;

  @Describe('Histories are cut to their newest items.')
  @IsInt()
  @Min(1)
  maxLength = 50;

  @Describe('Transformer blocks.')
  @IsInt()
  @Min(1)
  numLayers = 2;

  @Describe('Attention heads; divides `dimension`.')
  @IsInt()
  @Min(1)
  numHeads = 1;

  @Describe('Dropout on embeddings, attention weights and block outputs.')
  @IsNumber()
  @Min(0)
  @Max(0.95)
  dropout = 0.3;

  @Describe('Width of the point-wise feed-forward layer, as a multiple of `dimension`.')
  @IsInt()
  @Min(1)
  feedForwardFactor = 1;

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

  @Describe('Multiply item embeddings by √D, as the paper does.')
  @IsBoolean()
  scaleEmbedding = true;
}

interface Norm {
  readonly gain: tf.Variable;
  readonly bias: tf.Variable;
}

interface Block {
  readonly attentionNorm: Norm;
  readonly queryKeyValue: tf.Variable;
  readonly queryKeyValueBias: tf.Variable;
  readonly output: tf.Variable;
  readonly outputBias: tf.Variable;
  readonly feedForwardNorm: Norm;
  readonly inner: tf.Variable;
  readonly innerBias: tf.Variable;
  readonly outer: tf.Variable;
  readonly outerBias: tf.Variable;
}

export class SASRecBackbone extends Backbone {
  readonly id = 'sasrec';
  readonly dimension: number;
  override readonly maxLength: number;
  private positions!: tf.Variable;
  /** On the embeddings (post) or on the last states (pre). */
  private outerNorm!: Norm;
  private blocks: Block[] = [];

  constructor(private readonly config: SASRecConfig) {
    super();
    this.dimension = config.dimension;
    this.maxLength = config.maxLength;
  }

  protected build(parameters: Parameters): void {
    const { dimension, maxLength, numLayers } = this.config;
    this.positions = parameters.variable('positions', [maxLength, dimension], normal(0.02));
    this.blocks = Array.from({ length: numLayers }, (_, i) => this.buildBlock(parameters.scope(`block${i}`)));
    this.outerNorm = buildNorm(parameters, 'outerNorm', dimension);
  }

  private buildBlock(parameters: Parameters): Block {
    const D = this.config.dimension;
    const inner = D * this.config.feedForwardFactor;
    const bias = { weightDecay: false };
    return {
      attentionNorm: buildNorm(parameters, 'attentionNorm', D),
      queryKeyValue: parameters.variable('queryKeyValue', [D, 3 * D], normal(0.02)),
      queryKeyValueBias: parameters.variable('queryKeyValueBias', [3 * D], constant(0), bias),
      output: parameters.variable('output', [D, D], normal(0.02)),
      outputBias: parameters.variable('outputBias', [D], constant(0), bias),
      feedForwardNorm: buildNorm(parameters, 'feedForwardNorm', D),
      inner: parameters.variable('inner', [D, inner], normal(0.02)),
      innerBias: parameters.variable('innerBias', [inner], constant(0), bias),
      outer: parameters.variable('outer', [inner, D], normal(0.02)),
      outerBias: parameters.variable('outerBias', [D], constant(0), bias),
    };
  }

  encode(batch: PreparedBatch, items: ItemVectors, pass: Pass): tf.Tensor3D {
    const { batchSize: B, length: T } = batch;
    const { dimension: D, dropout, norm, scaleEmbedding } = this.config;
    const ids = tf.reshape(batch.itemIds, [B * T]) as tf.Tensor1D;
    const gathered = tf.reshape(items.gather(ids), [B, T, D]);
    const scaled = scaleEmbedding ? tf.mul(gathered, Math.sqrt(D)) : gathered;
    const sum = tf.add(scaled, this.positionVectors(batch)) as tf.Tensor3D; // [B, T, D]
    let x = pass.dropout(norm === 'post' ? normalise(sum, this.outerNorm) : sum, dropout);
    const mask = causalMask(batch.lengths, T);
    for (const block of this.blocks) x = this.runBlock(block, x, mask, pass);
    return norm === 'pre' ? normalise(x, this.outerNorm) : x;
  }

  /** @returns [T, D], or [B, T, D] where they count from the newest item */
  private positionVectors({ batchSize: B, length: T, lengths }: PreparedBatch): tf.Tensor {
    const { dimension: D, maxLength, positionsFrom } = this.config;
    const table = this.positions as unknown as tf.Tensor2D; // [maxLength, D]
    if (positionsFrom === 'oldest') return tf.slice(table, [0, 0], [T, D]);
    const ids = new Int32Array(B * T); // padding takes any position
    lengths.forEach((length, b) => {
      for (let t = 0; t < length; t++) ids[b * T + t] = maxLength - length + t;
    });
    return tf.reshape(gatherRows(table, tf.tensor1d(ids, 'int32')), [B, T, D]);
  }

  private runBlock(block: Block, x: tf.Tensor3D, mask: tf.Tensor, pass: Pass): tf.Tensor3D {
    const { dropout, norm, activation } = this.config;
    const isPre = norm === 'pre';
    const mixed = this.attend(block, isPre ? normalise(x, block.attentionNorm) : x, mask, pass);
    x = tf.add(x, pass.dropout(mixed, dropout)) as tf.Tensor3D;
    if (!isPre) x = normalise(x, block.attentionNorm);
    const inner = linear(isPre ? normalise(x, block.feedForwardNorm) : x, block.inner, block.innerBias);
    const active = activation === 'relu' ? tf.relu(inner) : gelu(inner);
    const outer = linear(pass.dropout(active, dropout), block.outer, block.outerBias); // [B, T, D]
    x = tf.add(x, pass.dropout(outer, dropout)) as tf.Tensor3D;
    return isPre ? x : normalise(x, block.feedForwardNorm);
  }

  private attend(block: Block, x: tf.Tensor3D, mask: tf.Tensor, pass: Pass): tf.Tensor3D {
    const [B, T, D] = x.shape;
    const A = this.config.numHeads;
    const joined = linear(x, block.queryKeyValue, block.queryKeyValueBias); // [B, T, 3D]
    const heads = tf.transpose(tf.reshape(joined, [B, T, 3, A, D / A]), [2, 0, 3, 1, 4]); // [3, B, A, T, D/A]
    const [query, key, value] = tf.unstack(heads) as tf.Tensor4D[]; // [B, A, T, D/A] each
    const rate = this.config.dropout;
    const dropout = pass.training && rate > 0 ? { rate, key: pass.nextKey() } : undefined;
    const mixed = attention(query, key, value, { mask, dropout });
    const merged = tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [B, T, D]);
    return linear(merged, block.output, block.outputBias) as tf.Tensor3D;
  }
}

function buildNorm(parameters: Parameters, name: string, dimension: number): Norm {
  return {
    gain: parameters.variable(`${name}/gain`, [dimension], constant(1), { weightDecay: false }),
    bias: parameters.variable(`${name}/bias`, [dimension], constant(0), { weightDecay: false }),
  };
}

function normalise(x: tf.Tensor3D, { gain, bias }: Norm): tf.Tensor3D {
  return layerNorm(x, gain, bias);
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
    if (config.dimension % config.numHeads !== 0) {
      throw new UsageError(
        `"backbone.numHeads" (${config.numHeads}) must divide "backbone.dimension" (${config.dimension}).`,
      );
    }
    return new SASRecBackbone(config);
  },
};
