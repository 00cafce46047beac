/**
 * KAR: open-world knowledge from a language model for any recommender (Xi et al. 2024, "Towards Open-World Recommendation
 * with Knowledge Augmentation from Large Language Models").
 *
 * 1. Factorisation prompting: which factors decide a choice in this domain? Asked once.
 * 2. Reasoning: the preferences of each user on the factors.
 * 3. Facts: each item on the factors.
 * 4. The answers are encoded, pass the hybrid-expert adaptor, and join the backbone; see `AugmentedFusion`.
 *
 * Where this differs from the paper and the authors' code:
 * - The paper ranks by click models; here it retrieves: user vector to the state, item vector to every candidate.
 * - Adaptor and join are trained with the backbone in the joint stage, from joins at 0; the paper trains from scratch.
 * - No ratings and no demographics in the prompts: the data has none. The wording is ours.
 * - Factors are not merged with an expert's list; give your own by a template.
 * - The answer alone is encoded, by the language model itself unless its config names another; the authors' code puts the
 *   history before it. Vectors are centred and whitened.
 * - A user's text shows the training interactions without the last one, so that one training row a user has it. What only
 *   those rows teach has a learning rate as much smaller as they are fewer than all: `UserTexts.shareOfRows`.
 */
import { IsString } from 'class-validator';
import {
  CocoError,
  Describe,
  type FusionDescriptor,
  type TextPrompt,
  type WrittenText,
  isEmptyAnswer,
} from '@coco-rec/core';
import { AugmentedConfig, AugmentedFusion } from './texts/augmented-fusion.js';
import { type GeneratedTextConfig, checkGeneratedText } from './texts/generated-text-config.js';
import { PromptTemplate, answerAsData } from './texts/prompt-template.js';
import { itemValues, userValues } from './texts/prompt-values.js';
import { limitedUsers } from './texts/text-scope.js';
import type { Asking, Knowledge } from './texts/text-source.js';
import { controlKeys } from './text-config.js';

export class KARConfig extends AugmentedConfig {
  @Describe('Factors to go on with where the language model names none.')
  @IsString()
  fallbackFactors = 'kind, brand, purpose, quality, price';
}

/** Names of the prompts, for `templates`. */
export const karPrompts = ['factors', 'preference', 'factual'] as const;

/** What the prompts hang on. */
export type KARKeys = GeneratedTextConfig & Pick<KARConfig, 'fallbackFactors'>;

/** KAR's questions. Whoever asks them by the same keys shares the texts: `concat` and `mlp` do. */
export class KARQuestions {
  /** @param fusion id of the fusion that asks, for progress and listings */
  constructor(
    private readonly fusion: string,
    private readonly config: KARKeys,
  ) {}

  /** @param readsItems false: no facts on items are asked for */
  async ask(asking: Asking, readsItems = true): Promise<Knowledge> {
    const factors = await this.factors(asking);
    const users = await this.write(asking, 'users', this.preferencePrompts(asking, factors));
    if (!readsItems) return { users };
    return { users, items: await this.write(asking, 'items', this.factualPrompts(asking, factors)) };
  }

  /** All later prompts hang on the factors: they are not asked with others because a server was down for a moment. */
  private async factors(asking: Asking): Promise<string> {
    const prompt = this.template('factors').render({ domain: this.config.domain }, {});
    const [written] = await this.write(asking, 'factors', [prompt]);
    const { text, failure, standIn } = written;
    if (text !== undefined || isEmptyAnswer(written)) {
      return answerAsData(text ?? this.config.fallbackFactors);
    }
    if (standIn !== undefined) return answerAsData(standIn);
    throw new CocoError(
      `The language model did not name the factors (${failure}). Run the same command again.`,
    );
  }

  private preferencePrompts({ dataset, scope }: Asking, factors: string): TextPrompt[] {
    const template = this.template('preference');
    return scope.users.map((user) => {
      const { values, shown } = userValues(dataset, user, this.config);
      return template.render({ ...values, factors }, shown);
    });
  }

  private factualPrompts({ dataset, scope }: Asking, factors: string): TextPrompt[] {
    const template = this.template('factual');
    return scope.items.map((item) => {
      const { values, shown } = itemValues(dataset, item, this.config);
      return template.render({ ...values, factors }, shown);
    });
  }

  private template(name: (typeof karPrompts)[number]): PromptTemplate {
    return PromptTemplate.load(`kar-${name}`, this.config.templates[name]);
  }

  private write({ writer }: Asking, step: string, prompts: TextPrompt[]): Promise<WrittenText[]> {
    return writer.write(`${this.fusion}: ${step}`, prompts, { maxTokens: this.config.answerTokens });
  }
}

export class KARFusion extends AugmentedFusion {
  readonly id = 'kar';

  constructor(protected override readonly config: KARConfig) {
    super(config);
  }

  protected ask(asking: Asking): Promise<Knowledge> {
    return new KARQuestions(this.id, this.config).ask(asking);
  }
}

export const kar: FusionDescriptor<KARConfig> = {
  kind: 'fusion',
  id: 'kar',
  specVersion: 'v1',
  summary:
    'Generated preferences of users and facts on items, by a hybrid-expert adaptor, to state and candidates.',
  paper:
    'Xi et al. 2024, Towards Open-World Recommendation with Knowledge Augmentation from Large Language Models',
  config: KARConfig,
  needs: (config) => {
    checkGeneratedText(config, karPrompts); // here too, so that a comparison finds it before it trains
    return { backbone: { itemVectors: true }, knowledge: { encode: true, generate: true } };
  },
  knowledgeKeys: controlKeys,
  knownUsers: limitedUsers,
  create: (config) => {
    checkGeneratedText(config, karPrompts);
    return new KARFusion(config);
  },
};
