/**
 * What `kar` and `r4ec` share: texts of users and items, written by the language model, are encoded, pass the
 * hybrid-expert adaptor, and join the backbone. Both papers rank by a click model that takes any feature; retrieval is
 * our choice: the user's vector joins the state, h = h_RS + a_u W_u, the item's joins every candidate's vector,
 * v = v_RS + a_i W_i. Both W start at 0, as item text's last layer does, so that a fused model starts as its warm-started
 * backbone and opens at once.
 *
 * No text: a row whose history no text stands for keeps h_RS, an item without text keeps v_RS.
 */
import * as tf from '@tensorflow/tfjs-core';
import { IsInt, Min } from 'class-validator';
import {
  Describe,
  type ExtractionContext,
  type FuseContext,
  type FuseResult,
  type FusionContext,
  FusionStrategy,
  type ItemVectors,
  type Parameters,
  type PreparedBatch,
  constant,
  gatherRows,
  linear,
} from '@coco-rec/core';
import { type ItemAddition, JoinedItemVectors, meanAbsolute } from '../text-item-vectors.js';
import { GeneratedTextConfig } from './generated-text-config.js';
import { HybridExpertAdaptor } from './hybrid-expert-adaptor.js';
import { type Asking, type Knowledge, type TextSource, readTexts, writeTexts } from './text-source.js';
import type { TextTable } from './text-table.js';
import type { TextRows, UserTexts } from './user-texts.js';

export class AugmentedConfig extends GeneratedTextConfig {
  @Describe('Experts that both sides share.')
  @IsInt()
  @Min(1)
  sharedExperts = 2;

  @Describe('Experts of each side’s own.')
  @IsInt()
  @Min(1)
  specificExperts = 4;

  @Describe('Hidden width of an expert.')
  @IsInt()
  @Min(1)
  expertHidden = 128;

  @Describe('Output width of an expert.')
  @IsInt()
  @Min(1)
  expertWidth = 32;
}

export abstract class AugmentedFusion extends FusionStrategy {
  private users!: UserTexts;
  private adaptor!: HybridExpertAdaptor;
  private user!: Join;
  private item?: ItemTextAddition;

  constructor(protected readonly config: AugmentedConfig) {
    super();
  }

  /** The prompts of the paper, one stage after another. */
  protected abstract ask(asking: Asking): Promise<Knowledge>;

  override async extract(context: ExtractionContext): Promise<void> {
    await writeTexts(this.source(), context);
  }

  private source(): TextSource {
    return { fusion: this.id, config: this.config, ask: (asking) => this.ask(asking) };
  }

  async initialize(context: FusionContext): Promise<void> {
    const { parameters, backbone } = context;
    const { users, items } = await readTexts(this.source(), context);
    const report = this.report();
    if (report !== undefined) context.progress.log(`${this.id}: ${report}.`);
    this.users = users;
    this.adaptor = new HybridExpertAdaptor(parameters.scope('adaptor'), {
      ...this.config,
      userWidth: users.width,
      itemWidth: items.features.width,
      userRate: users.shareOfRows,
    });
    const { expertWidth } = this.config;
    this.user = new Join(parameters.scope('user'), expertWidth, backbone.dimension, users.shareOfRows);
    const itemJoin = new Join(parameters.scope('item'), expertWidth, backbone.dimension);
    this.item = new ItemTextAddition(items, this.adaptor, itemJoin);
  }

  override itemVectors(base: ItemVectors): ItemVectors {
    return this.item ? new JoinedItemVectors(base, this.item) : base;
  }

  /** Vectors of the texts that stand for the rows' histories. */
  override async prepare(batch: PreparedBatch): Promise<tf.TensorContainer> {
    return this.users.textRows(batch);
  }

  fuse(h: tf.Tensor2D, { prepared }: FuseContext): FuseResult {
    const { vectors, rows } = prepared as TextRows;
    const added = this.user.apply(this.adaptor.user(vectors)); // [M, D]
    return { h: tf.add(h, pickRows(added, rows)) };
  }

  override async endEpoch(): Promise<Record<string, number>> {
    return {
      'mean |user join|': await this.user.openness(),
      'mean |item join|': this.item ? await this.item.join.openness() : 0,
    };
  }

  override dispose(): void {
    this.item?.dispose();
  }
}

/** @param added [M, D] @param rows [N] int32, 1 + a row of `added`, or 0 for zeros @returns [N, D] */
function pickRows(added: tf.Tensor2D, rows: tf.Tensor1D): tf.Tensor2D {
  return gatherRows(tf.concat2d([tf.zeros([1, added.shape[1]]), added], 0), rows);
}

/** a W, W zero at the start. */
class Join {
  private readonly weight: tf.Variable;

  constructor(
    parameters: Parameters,
    width: number,
    readonly dimension: number,
    learningRateScale = 1,
  ) {
    this.weight = parameters.variable('join', [width, dimension], constant(0), { learningRateScale });
  }

  /** @param adapted [N, expertWidth] @returns [N, D] */
  apply(adapted: tf.Tensor2D): tf.Tensor2D {
    return linear(adapted, this.weight);
  }

  /** Mean |W|: how far it has opened. */
  async openness(): Promise<number> {
    return meanAbsolute(await this.weight.data());
  }
}

/** What joins the vector of each item that has a text; the others cost nothing. */
class ItemTextAddition implements ItemAddition {
  /** [1 + M, w], zero, then the items with a text by id. */
  private readonly features: tf.Tensor2D;
  /** [V + 1], the row of each item, 0 without a text. */
  private readonly rows: tf.Tensor1D;
  /** [V + 2], how many items with a text come before each. */
  private readonly before: Int32Array;

  constructor(
    texts: TextTable,
    private readonly adaptor: HybridExpertAdaptor,
    readonly join: Join,
  ) {
    const { features, hasText } = texts;
    const { values, count, width } = features;
    this.before = new Int32Array(count + 1);
    for (let item = 0; item < count; item++) this.before[item + 1] = this.before[item] + hasText[item];
    const compact = new Float32Array((1 + this.before[count]) * width);
    const rows = new Int32Array(count);
    for (let item = 0; item < count; item++) {
      if (hasText[item] === 0) continue;
      rows[item] = 1 + this.before[item];
      compact.set(values.subarray(item * width, (item + 1) * width), rows[item] * width);
    }
    this.features = tf.tensor2d(compact, [1 + this.before[count], width]);
    this.rows = tf.tensor1d(rows, 'int32');
  }

  block(from: number, to: number): tf.Tensor2D {
    const [first, end] = [this.before[from], this.before[to]];
    if (first === end) return tf.zeros([to - from, this.join.dimension]);
    const features = tf.slice(this.features, [1 + first, 0], [end - first, this.features.shape[1]]); // [M, w]
    return pickRows(this.added(features), this.rowsWithin(from, to)); // [N, D]
  }

  /** Rows of the items among those from `from` on that have a text, 0 without one. @returns [to - from] int32 */
  private rowsWithin(from: number, to: number): tf.Tensor1D {
    const { before } = this;
    if (from === 0) return tf.slice(this.rows, 0, to);
    const rowOf = (item: number): number =>
      before[item + 1] > before[item] ? 1 + before[item] - before[from] : 0;
    return tf.tensor1d(Int32Array.from({ length: to - from }, (_, i) => rowOf(from + i)), 'int32'); // prettier-ignore
  }

  gather(ids: tf.Tensor1D): tf.Tensor2D {
    const rows = tf.gather(this.rows, ids); // [N]
    const hasText = tf.minimum<tf.Tensor2D>(tf.expandDims(tf.cast(rows, 'float32'), 1), 1); // [N, 1]
    return tf.mul(this.added(gatherRows(this.features, rows)), hasText);
  }

  /** @param features [N, w] @returns [N, D] */
  private added(features: tf.Tensor2D): tf.Tensor2D {
    return this.join.apply(this.adaptor.item(features));
  }

  dispose(): void {
    tf.dispose([this.features, this.rows]);
  }
}
