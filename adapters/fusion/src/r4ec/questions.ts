import type { Provenance, TextPrompt, TextWriter, WrittenText } from '@coco-rec/core';
import { PromptTemplate, type PromptValues } from '../texts/prompt-template.js';
import type { R4ecConfig } from './config.js';

const sides = ['user', 'item'] as const;
const steps = ['thinking', 'judgement', 'critique', 'refinement'] as const;
/** Those that show a choice of training, for the pairs that actor and reflector are tuned on. */
const targetSteps = ['target-thinking', 'target-verdict', 'target-critique', 'target-refinement'] as const;

export type Side = (typeof sides)[number];
export type Step = (typeof steps)[number] | (typeof targetSteps)[number];

/** Names of the prompts, for `templates`: "user-thinking", … */
export const promptNames = sides.flatMap((side) =>
  [...steps, ...targetSteps].map((step) => `${side}-${step}`),
);

/** A verdict is one sentence. */
const verdictTokens = 16;

/** Who or what is thought about. */
export interface Subject {
  readonly values: PromptValues;
  readonly shown: Provenance;
}

/** R4ec's questions on users or items. */
export class R4ecQuestions {
  /** @param fusion id of the fusion that asks, for progress and listings */
  constructor(
    readonly side: Side,
    private readonly config: Pick<R4ecConfig, 'answerTokens' | 'templates'>,
    private readonly fusion = 'r4ec',
  ) {}

  /** @param name of the step, for progress and listings @param more further values of each subject */
  ask(
    writer: TextWriter,
    step: Step,
    subjects: readonly Subject[],
    { more = [], name = step }: { more?: readonly PromptValues[]; name?: string } = {},
  ): Promise<WrittenText[]> {
    const { answerTokens } = this.config;
    const isVerdict = step === 'judgement' || step === 'target-verdict';
    const maxTokens = isVerdict ? Math.min(verdictTokens, answerTokens) : answerTokens;
    return writer.write(this.label(name), this.prompts(step, subjects, more), { maxTokens });
  }

  prompts(step: Step, subjects: readonly Subject[], more: readonly PromptValues[] = []): TextPrompt[] {
    const name = `${this.side}-${step}`;
    const template = PromptTemplate.load(`r4ec-${name}`, this.config.templates[name]);
    return subjects.map(({ values, shown }, n) => template.render({ ...values, ...more[n] }, shown));
  }

  /** "r4ec: users, thinking" */
  label(name: string): string {
    return `${this.fusion}: ${this.side}s, ${name}`;
  }
}
