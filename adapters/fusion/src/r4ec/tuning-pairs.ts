/**
 * What actor and reflector are tuned on. The language model thinks with the target in sight, and its thought is put to
 * the test: which of two options does it lead to? A thought that leads to the right one is reasonable. Another one is
 * criticised, refined, and put to the test again; it is kept where it has become right. The prompts of the pairs are
 * those of inference, without the target.
 */
import type { TextWriter, TuningPair, WrittenText } from '@coco-rec/core';
import { type PromptValues, answerAsData } from '../texts/prompt-template.js';
import type { R4ecQuestions, Step, Subject } from './questions.js';
import type { Trial } from './trials.js';
import { chosenOption, namesHidden } from './verdict.js';

export interface TuningPairs {
  /** Thinking and refinement. */
  readonly actor: TuningPair[];
  /** Judgement and critique. */
  readonly reflector: TuningPair[];
}

/** The sentences that the prompts of judgement ask for. */
const verdicts = {
  reasonable: 'The description is reasonable.',
  notReasonable: 'The description is not reasonable.',
};

/** A trial on its way. */
interface Course {
  readonly trial: Trial;
  thought?: string;
  critique?: string;
  refined?: string;
}

/** Asks for all that pairs are made of. */
export class TuningPairMaker {
  private isTentative = false;

  constructor(
    private readonly questions: R4ecQuestions,
    private readonly writer: TextWriter,
  ) {}

  /** @returns undefined where an answer is not there yet, as with a writer that only looks */
  async make(trials: readonly Trial[]): Promise<TuningPairs | undefined> {
    const all = trials.map((trial): Course => ({ trial }));
    const thought = await this.say('thought', 'target-thinking', all);
    const { right, wrong } = await this.test('thought', thought);
    const criticised = await this.say('critique', 'target-critique', wrong);
    const refined = await this.say('refined', 'target-refinement', criticised);
    const { right: mended } = await this.test('refined', refined);
    if (this.isTentative) return undefined;
    return {
      actor: [...this.pairs('thinking', right, 'thought'), ...this.pairs('refinement', mended, 'refined')],
      reflector: [
        ...this.judgements(right, verdicts.reasonable),
        ...this.judgements(mended, verdicts.notReasonable),
        ...this.pairs('critique', mended, 'critique'),
      ],
    };
  }

  /** Has one part of each course written. @returns those where it gives nothing away and is no echo of its prompt */
  private async say(
    part: 'thought' | 'critique' | 'refined',
    step: Step,
    courses: readonly Course[],
  ): Promise<Course[]> {
    const answers = await this.ask(step, courses);
    answers.forEach(({ text }, n) => (courses[n][part] = text));
    return courses.filter(({ trial, [part]: text }, n) => {
      const isOdd = answers[n].flags.length > 0;
      return text !== undefined && !isOdd && !namesHidden(text, trial.hidden, trial.shown);
    });
  }

  /** Which thoughts lead to the right option. One without a verdict is neither; a verdict that chooses none is wrong. */
  private async test(
    part: 'thought' | 'refined',
    courses: readonly Course[],
  ): Promise<{ right: Course[]; wrong: Course[] }> {
    const tested = courses.map(({ trial, [part]: thought }): Course => ({ trial, thought }));
    const name = part === 'refined' ? 'target-verdict 2' : 'target-verdict';
    const answers = await this.ask('target-verdict', tested, name);
    const isRight = ({ trial }: Course, n: number): boolean =>
      chosenOption(answers[n], trial.options) === trial.right;
    const answered = courses.filter((_, n) => answers[n].text !== undefined);
    const right = new Set(courses.filter(isRight));
    return { right: [...right], wrong: answered.filter((course) => !right.has(course)) };
  }

  private async ask(step: Step, courses: readonly Course[], name: string = step): Promise<WrittenText[]> {
    if (courses.length === 0) return [];
    const subjects = courses.map(({ trial }) => trial.withTarget);
    const answers = await this.questions.ask(this.writer, step, subjects, { more: earlier(courses), name });
    if (answers.some(({ isTentative }) => isTentative)) this.isTentative = true;
    return answers;
  }

  private pairs(
    step: Step,
    courses: readonly Course[],
    part: 'thought' | 'critique' | 'refined',
  ): TuningPair[] {
    const answers = courses.map(({ [part]: text }) => text ?? '');
    return pairsOf(this.questions, step, courses, answers);
  }

  private judgements(courses: readonly Course[], sentence: string): TuningPair[] {
    return pairsOf(this.questions, 'judgement', courses, courses.map(() => sentence)); // prettier-ignore
  }
}

function pairsOf(
  questions: R4ecQuestions,
  step: Step,
  courses: readonly Course[],
  answers: readonly string[],
): TuningPair[] {
  const subjects = courses.map(({ trial }): Subject => trial.plain);
  const prompts = questions.prompts(step, subjects, earlier(courses));
  return prompts.map(({ text }, n) => ({ prompt: text, answer: answers[n] }));
}

/** What was said before, as the prompts show it. */
function earlier(courses: readonly Course[]): PromptValues[] {
  return courses.map(({ thought = '', critique = '' }) => ({
    answer: answerAsData(thought),
    critique: answerAsData(critique),
  }));
}
