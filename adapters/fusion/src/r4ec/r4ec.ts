/**
 * R4ec: reasoning, reflection and refinement for recommendation (Gu et al. 2025). An actor thinks about each user and each
 * item; a reflector judges the thought and, where it is not reasonable, criticises it; the actor refines it. This goes on
 * until the reflector is content, at most `rounds` times. The last thoughts are encoded, pass KAR's hybrid-expert adaptor
 * and join the backbone; see `AugmentedFusion`.
 *
 * With `tuning`, actor and reflector of each side are tuned by LoRA first, on what the same language model says with choices
 * of training in sight; see `tuning-pairs.ts` and `trials.ts`. Without, both are the language model as it is: prompt-only.
 * The run's result says which.
 *
 * Where this differs from the paper and the authors' code:
 * - **Prompt-only is the default.** The paper always tunes.
 * - The pairs are made by the model that is tuned; the paper takes a stronger one. How good they are hangs on it.
 * - The data has likes only. So the verdict that tells a right thought is a choice: of two items, which did the user choose
 *   next; of two users, which chose the item? The other one is that of another user. The paper asks whether the user will
 *   like the target. A verdict that chooses neither counts as wrong. It is a request of its own, as are judgement and
 *   critique: small models keep to no format.
 * - The critique is told that the thought led to the wrong choice. A thought or critique that names the target, the other
 *   item or, on the item side, an item of the two users makes no pair, nor does one that repeats its instructions.
 * - The target is the last item that the user's text may show, never one of the `heldBack` ones, so that no weight has seen
 *   what a row with a text is to predict.
 * - LoRA is on q and v, with dropout .05; the authors' is on all projections, without. Warm-up over a tenth, cosine,
 *   3 epochs, batch 16, 1e-4 are theirs; the length is 1,024, theirs 2,048. No validation share is held out.
 * - Item prompts show no history of a user who liked or disliked the item: the data has no dislikes.
 * - A verdict of the reflector that cannot be read is taken as "reasonable", as in the authors' code.
 * - It retrieves, trains from joins at 0, and shows the training interactions without the last one, as `kar`.
 */
import { type FusionDescriptor, type TextWriter, UsageError, type WrittenText } from '@coco-rec/core';
import { AugmentedFusion } from '../texts/augmented-fusion.js';
import { type GeneratedTextConfig, checkGeneratedText } from '../texts/generated-text-config.js';
import { type PromptValues, answerAsData } from '../texts/prompt-template.js';
import { itemValues, userValues } from '../texts/prompt-values.js';
import { limitedUsers } from '../texts/text-scope.js';
import type { Asking, Knowledge } from '../texts/text-source.js';
import { controlKeys } from '../text-config.js';
import { R4ecConfig, tuningOf } from './config.js';
import { R4ecQuestions, type Side, type Subject, promptNames } from './questions.js';
import { drawChoices, trialsOf } from './trials.js';
import { TuningPairMaker } from './tuning-pairs.js';
import { isReasonable } from './verdict.js';

/**
 * Subjects that go through all steps together. The prompts of one subject begin alike, and a model that still holds what
 * it read of the last step need not read it again.
 */
const portionSize = 256;

/** Who thinks and who judges. */
interface Crew {
  readonly actor: TextWriter;
  readonly reflector: TextWriter;
}

/** What the texts hang on. */
export type R4ecKeys = GeneratedTextConfig & Pick<R4ecConfig, 'rounds' | 'tuning'>;

/** R4ec's thoughts. Whoever has them thought by the same keys shares the texts: `concat` and `mlp` do. */
export class R4ecThinking {
  /** Pairs that each side was tuned on. */
  private readonly pairCounts = new Map<Side, { actor: number; reflector: number }>();

  /** @param fusion id of the fusion that asks, for progress and listings */
  constructor(
    private readonly fusion: string,
    private readonly config: R4ecKeys,
  ) {}

  /** @param readsItems false: nothing is thought about items */
  async ask(asking: Asking, readsItems = true): Promise<Knowledge> {
    const { dataset, scope } = asking;
    const subjects = scope.users.map((user) => userValues(dataset, user, this.config));
    const users = await this.think('user', subjects, asking);
    if (!readsItems) return { users };
    const items = scope.items.map((item) => itemValues(dataset, item, this.config));
    return { users, items: await this.think('item', items, asking) };
  }

  /** Whether it was by prompts only, or on how many pairs actor and reflector were tuned. */
  report(): string {
    if (this.pairCounts.size === 0) return 'prompt-only: actor and reflector are the language model as it is';
    const sides = [...this.pairCounts];
    const total = sides.reduce((sum, [, { actor, reflector }]) => sum + actor + reflector, 0);
    const each = sides.map(([side, { actor, reflector }]) => `${side}s: actor ${actor}, reflector ${reflector}`); // prettier-ignore
    return `tuned by LoRA on ${total} pairs (${each.join('; ')})`;
  }

  private async think(side: Side, subjects: readonly Subject[], asking: Asking): Promise<WrittenText[]> {
    const questions = new R4ecQuestions(side, this.config, this.fusion);
    const tuning = tuningOf(this.config);
    const { writer } = asking;
    if (!tuning) return this.reflect(questions, subjects, { actor: writer, reflector: writer });
    if (!writer.tuned) throw new UsageError(`Fusion "${this.fusion}" with "tuning" needs a language model that can be tuned.`); // prettier-ignore
    const choices = drawChoices(asking, this.config, tuning.users);
    const trials = trialsOf(side, asking.dataset, choices, this.config);
    const pairs = await new TuningPairMaker(questions, writer).make(trials);
    const settings = { ...tuning, seed: this.config.drawSeed };
    const actor = await writer.tuned(questions.label('tuning the actor'), pairs?.actor, settings);
    try {
      const label = questions.label('tuning the reflector');
      const reflector = await writer.tuned(label, pairs?.reflector, settings);
      try {
        this.pairCounts.set(side, { actor: actor.pairCount, reflector: reflector.pairCount });
        return await this.reflect(questions, subjects, { actor, reflector });
      } finally {
        reflector.dispose();
      }
    } finally {
      actor.dispose();
    }
  }

  private async reflect(
    questions: R4ecQuestions,
    subjects: readonly Subject[],
    crew: Crew,
  ): Promise<WrittenText[]> {
    const thoughts: WrittenText[] = [];
    for (let start = 0; start < subjects.length; start += portionSize) {
      const portion = subjects.slice(start, start + portionSize);
      thoughts.push(...(await this.reflectPortion(questions, portion, crew)));
    }
    return thoughts;
  }

  /** Thinking, then judgement → critique → refinement of what is not reasonable yet. */
  private async reflectPortion(
    questions: R4ecQuestions,
    subjects: readonly Subject[],
    { actor, reflector }: Crew,
  ): Promise<WrittenText[]> {
    const thoughts = await questions.ask(actor, 'thinking', subjects);
    let open = [...subjects.keys()].filter((i) => thoughts[i].text !== undefined);
    for (let round = 1; round <= this.config.rounds; round++) {
      const answersOf = (which: readonly number[]): PromptValues[] =>
        which.map((i) => ({ answer: answerAsData(thoughts[i].text ?? '') }));
      const say = (
        who: TextWriter,
        step: 'judgement' | 'critique' | 'refinement',
        more = answersOf(open),
      ): Promise<WrittenText[]> => {
        const of = open.map((i) => subjects[i]);
        return questions.ask(who, step, of, { more, name: `${step} ${round}` });
      };
      const verdicts = await say(reflector, 'judgement');
      open = open.filter((_, n) => !isReasonable(verdicts[n]));
      if (open.length === 0) break;
      const critiques = await say(reflector, 'critique');
      const more = answersOf(open).map((values, n) => ({
        ...values,
        critique: answerAsData(critiques[n].text ?? ''),
      }));
      const refined = await say(actor, 'refinement', more);
      open.forEach((i, n) => {
        if (refined[n].text !== undefined) thoughts[i] = refined[n];
      });
    }
    return thoughts;
  }
}

export class R4ecFusion extends AugmentedFusion {
  readonly id = 'r4ec';
  private readonly thinking: R4ecThinking;

  constructor(protected override readonly config: R4ecConfig) {
    super(config);
    this.thinking = new R4ecThinking(this.id, config);
  }

  protected ask(asking: Asking): Promise<Knowledge> {
    return this.thinking.ask(asking);
  }

  override report(): string {
    return this.thinking.report();
  }
}

export const r4ec: FusionDescriptor<R4ecConfig> = {
  kind: 'fusion',
  id: 'r4ec',
  specVersion: 'v1',
  summary:
    'As kar, with thoughts that a reflector judges and an actor refines; prompt-only, or both tuned by LoRA.',
  paper: 'Gu et al. 2025, R4ec: A Reasoning, Reflection, and Refinement Framework for Recommendation Systems',
  config: R4ecConfig,
  needs: (config) => {
    checkGeneratedText(config, promptNames); // here too, so that a comparison finds it before it trains
    const tune = config.tuning !== false && { tune: true };
    return { backbone: { itemVectors: true }, knowledge: { encode: true, generate: true, ...tune } };
  },
  knowledgeKeys: controlKeys,
  knownUsers: limitedUsers,
  create: (config) => {
    checkGeneratedText(config, promptNames);
    return new R4ecFusion(config);
  },
};
