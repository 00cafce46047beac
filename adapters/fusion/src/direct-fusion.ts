/**
 * What `concat` and `mlp` share: the direct fusions that the CoCo paper (Table 7) compares with. The language model's
 * output u joins the user state with nothing between them: h = h_RS + f([h_RS; u]), f zero at the start, so that a fused
 * model starts as its warm-started backbone (the paper trains from scratch and replaces h_RS).
 *
 * u is the mean title vector of the history (`source: titles`, cheap, at every row) or the mean state of the frozen
 * language model that reads the titles (`prompted`, CoCo's input without the codebook, at the last `fusedPositions`).
 * Both see items up to the row's own only. A row that sees no text keeps h_RS.
 */
import * as tf from '@tensorflow/tfjs-core';
import { IsBoolean, IsIn, IsInt, IsOptional, Min } from 'class-validator';
import {
  Describe,
  type DifferentiableDecoder,
  type FuseContext,
  type FuseResult,
  type FusionContext,
  type FusionNeeds,
  FusionStrategy,
  type ItemVectors,
  type Parameters,
  type PreparedBatch,
  UsageError,
} from '@coco-rec/core';
import { type FusedRows, fusedRows } from './fused-rows.js';
import { ItemText, historyMeans } from './item-text.js';
import { TextConfig } from './text-config.js';
import { ItemTextSide } from './text-item-vectors.js';
import { requireDecoder } from './require-decoder.js';
import { readTitles } from './title-reader.js';
import type { VectorTable } from './whiten.js';

export class DirectFusionConfig extends TextConfig {
  @Describe(
    'What the user side gets: `titles`, the mean title vector of the history; `prompted`, the mean state of the ' +
      'language model that reads the titles.',
  )
  @IsIn(['titles', 'prompted'])
  source: 'titles' | 'prompted' = 'titles';

  @Describe('Title vectors join the item vectors as well, as in the fusion `text`.')
  @IsBoolean()
  itemText = false;

  @Describe('With `prompted`: rows at the last positions of a history that are fused. Default 4.')
  @IsOptional()
  @IsInt()
  @Min(1)
  fusedPositions?: number;

  @Describe('With `prompted`: the newest items whose titles are read. Default 16.')
  @IsOptional()
  @IsInt()
  @Min(1)
  maxTitles?: number;

  @Describe('With `prompted`: histories that the language model reads at a time. Default 64.')
  @IsOptional()
  @IsInt()
  @Min(1)
  microBatch?: number;
}

/** @throws UsageError for a key that does nothing. */
export function checkDirectConfig(config: DirectFusionConfig): void {
  const idle = (['fusedPositions', 'maxTitles', 'microBatch'] as const).find(
    (key) => config[key] !== undefined,
  );
  if (config.source === 'titles' && idle) {
    throw new UsageError(
      `Config key "fusion.${idle}" does nothing with "fusion.source: titles"; take it out.`,
    );
  }
}

export function directNeeds({ source, itemText }: DirectFusionConfig): FusionNeeds {
  return {
    backbone: itemText ? { itemVectors: true } : {},
    knowledge: source === 'prompted' ? { encode: true, differentiable: true } : { encode: true },
  };
}

/** A user-side fusion of h_RS with one vector u a row. */
export abstract class DirectFusion extends FusionStrategy {
  private itemText!: ItemText;
  private features?: VectorTable;
  private decoder?: DifferentiableDecoder;
  private side?: ItemTextSide;

  constructor(protected readonly config: DirectFusionConfig) {
    super();
  }

  /** Makes the weights. @param width of [h_RS; u] @param dimension D */
  protected abstract build(parameters: Parameters, width: number, dimension: number): void;

  /** f([h_RS; u]); zero at the start. @param joined [P, D + w] @returns [P, D] */
  protected abstract combine(joined: tf.Tensor2D, context: FuseContext): tf.Tensor2D;

  async initialize(context: FusionContext): Promise<void> {
    const { source, itemText, textWidth, control } = this.config;
    const { parameters, backbone, knowledge } = context;
    this.itemText = await ItemText.load(context, this.id, control);
    const features = await this.itemText.features(textWidth);
    if (source === 'titles') this.features = features;
    else this.decoder = requireDecoder(this.id, knowledge?.decoder);
    const width = this.decoder?.hiddenSize ?? features.width;
    this.build(parameters, backbone.dimension + width, backbone.dimension);
    if (itemText) this.side = new ItemTextSide(parameters.scope('itemText'), features, backbone.dimension);
  }

  override itemVectors(base: ItemVectors): ItemVectors {
    return this.side ? this.side.wrap(base) : base;
  }

  /** u and whether there is one; u is no function of any weight, so it is made before the tape. */
  override async prepare(batch: PreparedBatch): Promise<tf.TensorContainer> {
    const P = batch.rows.count;
    if (this.features) {
      const { means, seen } = historyMeans(batch, this.itemText, this.features);
      const present = Float32Array.from(seen, (count) => (count > 0 ? 1 : 0));
      return { user: tf.tensor2d(means, [P, this.features.width]), present: tf.tensor2d(present, [P, 1]) };
    }
    const { fusedPositions = 4, maxTitles = 16, microBatch = 64 } = this.config;
    const rows = fusedRows(batch, this.itemText, { fusedPositions, maxTitles });
    const decoder = requireDecoder(this.id, this.decoder);
    return tf.tidy(() => ({
      user: readTitles(decoder, this.itemText, rows, { rowCount: P, microBatch }),
      present: tf.tensor2d(presence(rows, P), [P, 1]),
    }));
  }

  fuse(h: tf.Tensor2D, context: FuseContext): FuseResult {
    const { user, present } = context.prepared as { user: tf.Tensor2D; present: tf.Tensor2D };
    const added = this.combine(tf.concat([h, user], 1), context); // [P, D]
    return { h: tf.add(h, tf.mul(added, present)) };
  }

  override async endEpoch(): Promise<Record<string, number>> {
    return this.side ? this.side.gauges() : {};
  }

  override dispose(): void {
    this.side?.dispose();
  }
}

/** 1 for fused rows that see a title. @returns [P] */
function presence({ rows, visibleTitles }: FusedRows, rowCount: number): Float32Array {
  const present = new Float32Array(rowCount);
  rows.forEach((row, p) => (present[row] = visibleTitles[p] > 0 ? 1 : 0));
  return present;
}
