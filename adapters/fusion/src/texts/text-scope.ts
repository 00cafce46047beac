import { type Dataset, Random, type TrainingPart, trainingCounts, trainingHistory } from '@coco-rec/core';
import type { GeneratedTextConfig } from './generated-text-config.js';

/** A user of whom a text is written, and what it may show. */
export interface TextUser {
  readonly user: number;
  /** The first interactions of the user; nothing later is known to the text. */
  readonly shown: Int32Array;
}

/** Who and what gets a text. */
export interface TextScope {
  readonly users: readonly TextUser[];
  readonly items: readonly number[];
}

type ScopeKeys = Pick<GeneratedTextConfig, 'users' | 'popularItems' | 'drawSeed' | 'heldBack'>;

/**
 * Users with a described item among their training interactions, the last `heldBack` left out: those stay for training,
 * whose rows must not be told by a text that has seen their target. All of them and all described items; or `users` drawn
 * by seed, the described items of their training interactions, and the `popularItems` most frequent in training.
 */
export function chooseScope(training: TrainingPart, config: ScopeKeys): TextScope {
  const { dataset } = training;
  const isDescribed = (item: number): boolean => (dataset.texts?.get(item) ?? '') !== '';
  const all: TextUser[] = [];
  for (let user = 0; user < dataset.userCount; user++) {
    const history = trainingHistory(training, user);
    const shown = history.subarray(0, Math.max(0, history.length - config.heldBack));
    if (shown.some(isDescribed)) all.push({ user, shown });
  }
  const described = Array.from({ length: dataset.itemCount }, (_, i) => i + 1).filter(isDescribed);
  if (config.users === undefined) return { users: all, items: described };
  const order = new Random(config.drawSeed).derive('users with text').shuffle([...all.keys()]);
  const users = order
    .slice(0, config.users)
    .sort((a, b) => a - b)
    .map((at) => all[at]);
  const counts = trainingCounts(training);
  const popular = [...described].sort((a, b) => counts[b] - counts[a] || a - b);
  const chosen = new Set(popular.slice(0, config.popularItems ?? 0));
  for (const { user } of users) for (const item of trainingHistory(training, user)) chosen.add(item);
  return { users, items: described.filter((item) => chosen.has(item)) };
}

/** The users that get a text, where `users` limits them. */
export function limitedUsers(config: ScopeKeys, training: TrainingPart): number[] | undefined {
  return config.users === undefined ? undefined : chooseScope(training, config).users.map(({ user }) => user);
}

/** Titles of the newest described items, oldest first. */
export function shownTitles({ texts }: Dataset, { shown }: TextUser, count: number): string[] {
  const titles = Array.from(shown, (item) => texts?.get(item) ?? '').filter((title) => title !== '');
  return titles.slice(-count);
}
