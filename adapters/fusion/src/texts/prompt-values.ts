import type { Dataset, Provenance } from '@coco-rec/core';
import type { GeneratedTextConfig } from './generated-text-config.js';
import { type PromptValues, asData } from './prompt-template.js';
import { type TextUser, shownTitles } from './text-scope.js';

interface Filling {
  readonly values: PromptValues;
  readonly shown: Provenance;
}

/** `domain` and `history`: the titles that a prompt shows of a user, oldest first. */
export function userValues(
  dataset: Dataset,
  user: TextUser,
  { domain, shownItems }: Pick<GeneratedTextConfig, 'domain' | 'shownItems'>,
): Filling {
  const history = asData(shownTitles(dataset, user, shownItems));
  return {
    values: { domain, history },
    shown: { user: dataset.users.get(user.user), shownUntil: user.shown.length },
  };
}

/** `domain` and `item`: its title. */
export function itemValues(
  dataset: Dataset,
  item: number,
  { domain }: Pick<GeneratedTextConfig, 'domain'>,
): Filling {
  const shown = { item: dataset.items.get(item) };
  return { values: { domain, item: asData([dataset.texts?.get(item) ?? '']) }, shown };
}
