/**
 * R4ec: reasoning, reflection and refinement for recommendation (Gu et al. 2025). An actor thinks about each user and each
 * item; a reflector judges the thought and, where it is not reasonable, criticises it; the actor refines it. This goes on
 * until the reflector is content, at most `rounds` times. The last thoughts are encoded, pass KAR's hybrid-expert adaptor
 * and join the backbone; see `AugmentedFusion`.
 *
 * Where this differs from the paper and the authors' code:
 * - **Prompt-only**: actor and reflector are the same language model, not tuned. The paper tunes two models by LoRA on data
 *   that a stronger one made with the target in sight; without that, do not read the figures as the paper's.
 * - Item prompts show no history of a user who liked or disliked the item: the data has no dislikes.
 * - A verdict that cannot be read is taken as "reasonable", as in the authors' code.
 * - It retrieves, trains from joins at 0, and shows the training interactions without the last one, as `kar`.
 */
import { IsInt, Min } from 'class-validator';
import { Describe, type FusionDescriptor, type TextPrompt, type WrittenText } from '@coco-rec/core';
import { AugmentedConfig, AugmentedFusion } from './texts/augmented-fusion.js';
import { checkGeneratedText } from './texts/generated-text-config.js';
import { PromptTemplate, type PromptValues, answerAsData } from './texts/prompt-template.js';
import { itemValues, userValues } from './texts/prompt-values.js';
import type { Asking, Knowledge } from './texts/text-source.js';
import { controlKeys } from './text-config.js';

export class R4ecConfig extends AugmentedConfig {
  @Describe('Experts of each side’s own.')
  @IsInt()
  @Min(1)
  override specificExperts = 6;

  @Describe('Times that a thought is judged and refined at most; 0: thinking alone.')
  @IsInt()
  @Min(0)
  rounds = 1;
}

const steps = ['thinking', 'judgement', 'critique', 'refinement'] as const;
const sides = ['user', 'item'] as const;

type Step = (typeof steps)[number];
type Side = (typeof sides)[number];

/** Names of the prompts, for `templates`: "user-thinking", … */
const promptNames = sides.flatMap((side) => steps.map((step) => `${side}-${step}`));

/** A verdict is one sentence. */
const judgementTokens = 16;

/** Who or what is thought about. */
type Subject = ReturnType<typeof userValues>;

export class R4ecFusion extends AugmentedFusion {
  readonly id = 'r4ec';

  constructor(protected override readonly config: R4ecConfig) {
    super(config);
  }

  protected async ask({ dataset, scope, writer }: Asking): Promise<Knowledge> {
    const users = scope.users.map((user) => userValues(dataset, user, this.config));
    const items = scope.items.map((item) => itemValues(dataset, item, this.config));
    return {
      users: await this.reflect('user', users, writer),
      items: await this.reflect('item', items, writer),
    };
  }

  /** Thinking, then judgement → critique → refinement of what is not reasonable yet. */
  private async reflect(
    side: Side,
    subjects: readonly Subject[],
    writer: Asking['writer'],
  ): Promise<WrittenText[]> {
    const say = (step: Step, round: number, prompts: readonly TextPrompt[]): Promise<WrittenText[]> => {
      const { answerTokens } = this.config;
      const maxTokens = step === 'judgement' ? Math.min(judgementTokens, answerTokens) : answerTokens;
      return writer.write(`r4ec: ${side}s, ${step}${round > 0 ? ` ${round}` : ''}`, prompts, { maxTokens });
    };
    const thoughts = await say('thinking', 0, this.prompts(side, 'thinking', subjects));
    let open = [...subjects.keys()].filter((i) => thoughts[i].text !== undefined);
    for (let round = 1; round <= this.config.rounds; round++) {
      const answersOf = (which: readonly number[]): PromptValues[] =>
        which.map((i) => ({ answer: answerAsData(thoughts[i].text ?? '') }));
      const of = (which: readonly number[]): Subject[] => which.map((i) => subjects[i]);
      const verdicts = await say(
        'judgement',
        round,
        this.prompts(side, 'judgement', of(open), answersOf(open)),
      );
      open = open.filter((_, n) => !isReasonable(verdicts[n]));
      if (open.length === 0) break;
      const critiques = await say(
        'critique',
        round,
        this.prompts(side, 'critique', of(open), answersOf(open)),
      );
      const more = answersOf(open).map((values, n) => ({
        ...values,
        critique: answerAsData(critiques[n].text ?? ''),
      }));
      const refined = await say('refinement', round, this.prompts(side, 'refinement', of(open), more));
      open.forEach((i, n) => {
        if (refined[n].text !== undefined) thoughts[i] = refined[n];
      });
    }
    return thoughts;
  }

  private prompts(
    side: Side,
    step: Step,
    subjects: readonly Subject[],
    more: readonly PromptValues[] = [],
  ): TextPrompt[] {
    const name = `${side}-${step}`;
    const template = PromptTemplate.load(`r4ec-${name}`, this.config.templates[name]);
    return subjects.map(({ values, shown }, n) => template.render({ ...values, ...more[n] }, shown));
  }
}

/** Reads the reflector's sentence; one that is not there yet is taken for the dearer case. */
export function isReasonable({ text, isTentative }: Pick<WrittenText, 'text' | 'isTentative'>): boolean {
  return !isTentative && !/\b(not|un|in)[\s-]*reasonable\b|\bisn.t reasonable\b/i.test(text ?? '');
}

export const r4ec: FusionDescriptor<R4ecConfig> = {
  kind: 'fusion',
  id: 'r4ec',
  specVersion: 'v1',
  summary:
    'As kar, with thoughts that a reflector judges and an actor refines; prompt-only: nothing is tuned.',
  paper: 'Gu et al. 2025, R4ec: A Reasoning, Reflection, and Refinement Framework for Recommendation Systems',
  config: R4ecConfig,
  needs: () => ({ backbone: { itemVectors: true }, knowledge: { encode: true, generate: true } }),
  knowledgeKeys: controlKeys,
  create: (config) => {
    checkGeneratedText(config, promptNames);
    return new R4ecFusion(config);
  },
};
