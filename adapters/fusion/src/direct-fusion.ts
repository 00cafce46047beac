/**
 * What `concat` and `mlp` share: the direct fusions that the CoCo paper (Table 7) compares with. The language model's
 * output u joins the user state with nothing between them: h = h_RS + f([h_RS; u]), f zero at the start, so that a fused
 * model starts as its warm-started backbone (the paper trains from scratch and replaces h_RS).
 *
 * u is the mean title vector of the history (`source: titles`, cheap, at every row), the mean state of the frozen
 * language model that reads the titles (`prompted`, CoCo's input without the codebook, at the last `fusedPositions`), or
 * the text that the language model wrote of the user (`generated`: by KAR's questions or R4ec's, so that the stored texts
 * are theirs).
 * All see items up to the row's own only. A row that sees no text keeps h_RS; where few rows have one, what only they teach
 * learns as much slower (`UserVectors.shareOfRows`).
 *
 * With `itemText` the item side joins as in the fusion `text`: by the titles, or with `generated` by what was written of the
 * items; an item without a text keeps its vector.
 */
import * as tf from '@tensorflow/tfjs-core';
import { IsBoolean, IsIn, IsInt, IsOptional, IsString, Min } from 'class-validator';
import {
  Describe,
  type ExtractionContext,
  type FuseContext,
  type FuseResult,
  type FusionContext,
  type FusionNeeds,
  FusionStrategy,
  type ItemVectors,
  type Parameters,
  type PreparedBatch,
  UsageError,
  describedKeys,
} from '@coco-rec/core';
import { ItemText } from './item-text.js';
import { IsGroup } from './group.js';
import { KARConfig, KARQuestions, karPrompts } from './kar.js';
import { R4ecConfig, R4ecTuningConfig } from './r4ec/config.js';
import { promptNames } from './r4ec/questions.js';
import { R4ecThinking } from './r4ec/r4ec.js';
import { requireDecoder } from './require-decoder.js';
import { TextConfig } from './text-config.js';
import { ItemTextSide, meanAbsolute } from './text-item-vectors.js';
import { GeneratedTextConfig, checkGeneratedText } from './texts/generated-text-config.js';
import { type TextSource, readTexts, writeTexts } from './texts/text-source.js';
import { PromptedStates, type RowVectors, TitleMeans, type UserVectors } from './user-vectors.js';
import type { VectorTable } from './whiten.js';

export class DirectFusionConfig extends GeneratedTextConfig {
  @Describe(
    'What the user side gets: `titles`, the mean title vector of the history; `prompted`, the mean state of the ' +
      'language model that reads the titles; `generated`, the text that it wrote of the user, by `questions` and the ' +
      'keys above, from `domain` on, which do nothing otherwise.',
  )
  @IsIn(['titles', 'prompted', 'generated'])
  source: 'titles' | 'prompted' | 'generated' = 'titles';

  @Describe(
    'Title vectors (with `generated`: what was written of the items) join the item vectors, as in the fusion `text`.',
  )
  @IsBoolean()
  itemText = false;

  @Describe('With `generated`: whose questions are asked, and so whose texts are shared: `kar` or `r4ec`.')
  @IsIn(['kar', 'r4ec'])
  questions: 'kar' | 'r4ec' = 'kar';

  @Describe('With `questions: r4ec`: times that a thought is judged and refined at most.')
  @IsInt()
  @Min(0)
  rounds = new R4ecConfig().rounds;

  @Describe(
    'With `questions: r4ec`: actor and reflector are tuned by LoRA, as in the fusion `r4ec`.',
    R4ecTuningConfig,
  )
  @IsGroup(R4ecTuningConfig, true)
  tuning: Partial<R4ecTuningConfig> | boolean = false;

  @Describe('With `questions: kar`: factors to go on with where the language model names none.')
  @IsString()
  fallbackFactors = new KARConfig().fallbackFactors;

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

const readingKeys = ['fusedPositions', 'maxTitles', 'microBatch'];
const ownKeys = { kar: ['fallbackFactors'], r4ec: ['rounds', 'tuning'] };

/** Keys of all questions. */
function askingKeys(): string[] {
  const common = describedKeys(TextConfig).map(({ key }) => key);
  const keys = describedKeys(GeneratedTextConfig).map(({ key }) => key);
  return [...keys.filter((key) => !common.includes(key)), 'questions', ...ownKeys.kar, ...ownKeys.r4ec];
}

/** @throws UsageError for a key that does nothing. */
export function checkDirectConfig(config: DirectFusionConfig): void {
  const { source, questions, itemText } = config;
  const values = config as unknown as Record<string, unknown>;
  const defaults = new DirectFusionConfig() as unknown as typeof values;
  const isSet = (key: string): boolean => JSON.stringify(values[key]) !== JSON.stringify(defaults[key]);
  const refuse = (keys: readonly string[], beside: string): void => {
    const idle = keys.find(isSet);
    if (idle)
      throw new UsageError(`Config key "fusion.${idle}" does nothing with "fusion.${beside}"; take it out.`);
  };
  if (source === 'prompted' && !itemText) refuse(['textWidth'], 'itemText: false');
  if (source !== 'prompted') refuse(readingKeys, `source: ${source}`);
  if (source !== 'generated') refuse(askingKeys(), `source: ${source}`);
  refuse(ownKeys[questions === 'kar' ? 'r4ec' : 'kar'], `questions: ${questions}`);
  checkGeneratedText(config, questions === 'kar' ? karPrompts : promptNames);
}

export function directNeeds(config: DirectFusionConfig): FusionNeeds {
  checkDirectConfig(config); // here too, so that a comparison finds it before it trains
  const { source, itemText, tuning } = config;
  const generated = { generate: true, ...(tuning !== false && { tune: true }) };
  const more = { titles: {}, prompted: { differentiable: true }, generated };
  return {
    backbone: itemText ? { itemVectors: true } : {},
    knowledge: { encode: true, ...more[source] },
  };
}

/** A user-side fusion of h_RS with one vector u a row. */
export abstract class DirectFusion extends FusionStrategy {
  private user!: UserVectors;
  private side?: ItemTextSide;
  private thinking?: R4ecThinking;

  constructor(protected readonly config: DirectFusionConfig) {
    super();
  }

  /** Makes the weights. @param width of [h_RS; u] @param dimension D @param learningRateScale of all of them */
  protected abstract build(
    parameters: Parameters,
    width: number,
    dimension: number,
    learningRateScale: number,
  ): void;

  /** The weight that is zero at the start. */
  protected abstract readonly join: tf.Variable;

  /** f([h_RS; u]); zero at the start. @param joined [P, D + w] @returns [P, D] */
  protected abstract combine(joined: tf.Tensor2D, context: FuseContext): tf.Tensor2D;

  override async extract(context: ExtractionContext): Promise<void> {
    if (this.config.source === 'generated') await writeTexts(this.questions(), context);
  }

  private questions(): TextSource {
    const { id: fusion, config } = this;
    const { itemText, questions } = config;
    if (questions === 'kar') {
      const kar = new KARQuestions(fusion, config);
      return { fusion, config, ask: (asking) => kar.ask(asking, itemText) };
    }
    const thinking = (this.thinking = new R4ecThinking(fusion, config));
    return { fusion, config, ask: (asking) => thinking.ask(asking, itemText) };
  }

  override report(): string | undefined {
    return this.thinking && `r4ec's texts, ${this.thinking.report()}`;
  }

  async initialize(context: FusionContext): Promise<void> {
    const { parameters, backbone } = context;
    const { user, items, hasText } = await this.read(context);
    this.user = user;
    const { dimension } = backbone;
    this.build(parameters, dimension + user.width, dimension, user.shareOfRows ?? 1);
    if (!this.config.itemText) return;
    this.side = new ItemTextSide(parameters.scope('itemText'), items, backbone.dimension, hasText);
  }

  /** What the user side and the item side get. */
  private async read(
    context: FusionContext,
  ): Promise<{ user: UserVectors; items: VectorTable; hasText?: Uint8Array }> {
    const { source, textWidth, control } = this.config;
    const { fusedPositions = 4, maxTitles = 16, microBatch = 64 } = this.config;
    if (source === 'generated') {
      const { users, items } = await readTexts(this.questions(), context);
      return { user: users, items: items.features, hasText: items.hasText };
    }
    const text = await ItemText.load(context, this.id, control);
    const items = await text.features(textWidth);
    if (source === 'titles') return { user: new TitleMeans(text, items), items };
    const decoder = requireDecoder(this.id, context.knowledge?.decoder);
    return { user: new PromptedStates(text, decoder, { fusedPositions, maxTitles, microBatch }), items };
  }

  override itemVectors(base: ItemVectors): ItemVectors {
    return this.side ? this.side.wrap(base) : base;
  }

  override async prepare(batch: PreparedBatch): Promise<tf.TensorContainer> {
    return this.user.ofRows(batch);
  }

  fuse(h: tf.Tensor2D, context: FuseContext): FuseResult {
    const { vectors, present } = context.prepared as RowVectors;
    const added = this.combine(tf.concat([h, vectors], 1), context); // [P, D]
    return { h: tf.add(h, tf.mul(added, present)) };
  }

  override async endEpoch(): Promise<Record<string, number>> {
    const user = { 'mean |user join|': meanAbsolute(await this.join.data()) };
    return this.side ? { ...user, ...(await this.side.gauges()) } : user;
  }

  override dispose(): void {
    this.side?.dispose();
  }
}
