/**
 * The choices of training that actor and reflector are tuned on. What a text of a user may show, the training
 * interactions without the last `heldBack`, is all that is read: its last item is the target, what comes before it the
 * history. So a tuned model has seen nothing that a row with a text is to predict, and no validation or test item.
 */
import { type Dataset, Random, type TrainingPart } from '@coco-rec/core';
import { asData } from '../texts/prompt-template.js';
import { itemValues, userValues } from '../texts/prompt-values.js';
import { type TextUser, chooseScope, shownTitles } from '../texts/text-scope.js';
import type { R4ecConfig } from './config.js';
import type { Side, Subject } from './questions.js';

type TrialKeys = Pick<R4ecConfig, 'domain' | 'drawSeed' | 'heldBack' | 'shownItems'>;

/** A user's choice: `target`, after `shown`. */
interface Choice extends TextUser {
  readonly target: number;
  /** The history with the target. */
  readonly all: Int32Array;
}

/** A choice with another user's for comparison: which target goes with which history? */
export interface Trial {
  /** As actor and reflector see it, at inference too. */
  readonly plain: Subject;
  /** With the two options. */
  readonly withTarget: Subject;
  /** What an answer may call the two options by. */
  readonly options: readonly [string, string];
  readonly right: 0 | 1;
  /** Titles of the options, which no thought may name, and those that it is shown anyway. */
  readonly hidden: readonly string[];
  readonly shown: readonly string[];
}

/** A choice, the one it is compared with, and whether it is named second. */
export interface DrawnChoice {
  readonly own: Choice;
  readonly other: Choice;
  readonly isSecond: boolean;
}

/**
 * Choices of `count` users, drawn by seed. Each is compared with that of another drawn user, so that an item is as often
 * right as wrong: neither user has chosen the other's target. Choices without such a partner are left out.
 */
export function drawChoices(training: TrainingPart, config: TrialKeys, count: number): DrawnChoice[] {
  const { dataset } = training;
  const { drawSeed, heldBack } = config;
  const { users } = chooseScope(training, { drawSeed, heldBack });
  const choices = users.flatMap((user) => choiceOf(dataset, user) ?? []);
  const random = new Random(drawSeed).derive('r4ec choices');
  const drawn = random.shuffle(choices).slice(0, count);
  const titleOf = ({ target }: Choice): string => dataset.texts?.get(target) ?? '';
  return drawn.flatMap((own, i) => {
    const others = [...drawn.slice(i + 1), ...drawn.slice(0, i)];
    const other = others.find(
      (one) =>
        titleOf(one) !== titleOf(own) && !own.all.includes(one.target) && !one.all.includes(own.target),
    );
    return other ? [{ own, other, isSecond: random.derive(own.user).uniform() < 0.5 }] : [];
  });
}

/** Undefined where there are no two described items. */
function choiceOf({ texts }: Dataset, { user, shown: all }: TextUser): Choice | undefined {
  const isDescribed = (item: number): boolean => (texts?.get(item) ?? '') !== '';
  let at = all.length - 1;
  while (at >= 0 && !isDescribed(all[at])) at--;
  const shown = all.subarray(0, Math.max(0, at));
  if (!shown.some(isDescribed)) return undefined;
  return { user, shown, target: all[at], all: all.subarray(0, at + 1) };
}

/** The side's trials: of users, which item came next; of items, which user chose it. */
export function trialsOf(
  side: Side,
  dataset: Dataset,
  choices: readonly DrawnChoice[],
  config: TrialKeys,
): Trial[] {
  const titles = ({ target }: Choice): string[] => [dataset.texts?.get(target) ?? ''];
  const history = (one: Choice): string[] => shownTitles(dataset, one, config.shownItems);
  return choices.map(({ own, other, isSecond }) => {
    const [user, second] = [dataset.users.get(own.user), dataset.users.get(other.user)];
    if (side === 'user') {
      const plain = userValues(dataset, own, config);
      const beside = { user: second, shownUntil: other.all.length };
      const withTarget = { ...plain, shown: { user, shownUntil: own.all.length, beside } };
      return trial(plain, withTarget, {
        own: titles(own),
        other: titles(other),
        isSecond,
        seen: history(own),
      });
    }
    const plain = itemValues(dataset, own.target, config);
    const beside = { user: second, shownUntil: other.shown.length };
    const withTarget = { ...plain, shown: { ...plain.shown, user, shownUntil: own.shown.length, beside } };
    return trial(plain, withTarget, {
      own: history(own),
      other: history(other),
      isSecond,
      seen: titles(own),
    });
  });
}

interface Options {
  /** Titles. */
  readonly own: readonly string[];
  readonly other: readonly string[];
  readonly isSecond: boolean;
  /** Titles that the plain prompt shows. */
  readonly seen: readonly string[];
}

function trial(plain: Subject, withTarget: Subject, { own, other, isSecond, seen }: Options): Trial {
  const [first, second] = isSecond ? [other, own] : [own, other];
  return {
    plain,
    withTarget: {
      shown: withTarget.shown,
      values: { ...withTarget.values, first: asData(first), second: asData(second) },
    },
    options: [first.join(' '), second.join(' ')],
    right: isSecond ? 1 : 0,
    hidden: [...own, ...other],
    shown: seen,
  };
}
