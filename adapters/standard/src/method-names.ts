import type { RunConfig } from '@coco-rec/core';
import { splitSetting } from './session.js';

/** `sasrec`, or `sasrec + coco`. */
export function methodName({ backbone, fusion }: Pick<RunConfig, 'backbone' | 'fusion'>): string {
  const [base, added] = [backbone, fusion].map((setting) => splitSetting(setting).id);
  return added === 'none' ? base : `${base} + ${added}`;
}

/** Not of the method: where the data lie, where the run is kept, what computes it, and the keys of other fusions. */
const circumstances = ['seed', 'output', 'engine', 'fusions', 'data.path'];

/** The keys of a config that make its method, one by one (`train.loss.id`), each with its value as JSON. */
export function methodKeys(config: RunConfig): Map<string, string> {
  const found = new Map<string, string>();
  const enter = (key: string, value: unknown): void => {
    if (value === undefined || circumstances.includes(key)) return;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      found.set(key, JSON.stringify(value));
      return;
    }
    for (const [inner, one] of Object.entries(value)) enter(key === '' ? inner : `${key}.${inner}`, one);
  };
  const { backbone, fusion, knowledge, train } = config;
  const units = { backbone, fusion, ...(knowledge && { knowledge }) };
  const spelt = Object.entries(units).map(([key, setting]) => [key, withId(setting)] as const);
  enter('', { ...config, ...Object.fromEntries(spelt), train: { ...train, loss: withId(train.loss) } });
  return found;
}

/** `sasrec` is `{ id: sasrec }`. */
function withId(setting: RunConfig['backbone']): object {
  const { id, keys } = splitSetting(setting);
  return { id, ...keys };
}

/** Keys in which methods differ, sorted; where they differ in a unit, that unit stands for all its keys. */
export function differingKeys(methods: readonly ReadonlyMap<string, string>[]): string[] {
  const keys = [...new Set(methods.flatMap((one) => [...one.keys()]))];
  const differing = keys.filter((key) => new Set(methods.map((one) => one.get(key))).size > 1);
  const units = differing.filter((key) => key.endsWith('.id')).map((key) => key.slice(0, -'.id'.length));
  return differing
    .filter((key) => !units.some((unit) => key.startsWith(`${unit}.`) && key !== `${unit}.id`))
    .map((key) => (key.endsWith('.id') ? key.slice(0, -'.id'.length) : key))
    .sort();
}

/**
 * A name for each config: what `methodName` says and, where several have the same, the keys that tell them apart.
 * @param methods configs of different methods
 */
export function tellingNames(methods: readonly RunConfig[]): string[] {
  const names = methods.map(methodName);
  const keys = methods.map(methodKeys);
  return names.map((name, i) => {
    const alike = keys.filter((_, other) => names[other] === name);
    if (alike.length < 2) return name;
    const valueOf = (key: string): string =>
      (keys[i].get(key) ?? keys[i].get(`${key}.id`) ?? 'default').replace(/^"(.*)"$/, '$1');
    const own = differingKeys(alike).map((key) => `${key}=${valueOf(key)}`);
    return `${name} (${own.join(', ')})`;
  });
}
