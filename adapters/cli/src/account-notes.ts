import type { ServiceAccount } from '@coco-rec/core';
import type { ExtractionStep } from '@coco-rec/standard';

type Steps = readonly Pick<ExtractionStep, 'forecast'>[];

/** Not known where it is NaN. */
export const dollars = (value: number): string =>
  Number.isNaN(value) ? 'not known' : `$${value.toFixed(value < 1 ? 4 : 2)}`;

/** "$1.80 of $5.00", with what is not counted in it. */
export function accountNote({ name, cap, missingPrices, spent }: ServiceAccount): string {
  const limit = cap === undefined ? ', no cap' : ` of ${dollars(cap)}`;
  const keys = quoted(missingPrices);
  const rest = keys === '' ? '' : `; without ${keys} not all is counted`;
  return `account: ${dollars(spent().cost)}${limit} (${name}, all starts${rest})`;
}

/** What there is to say of the cost of what is left, one sentence a line. */
export function forecastNotes(steps: Steps, account: ServiceAccount | undefined): string[] {
  const { requests, cost } = leftOf(steps);
  if (requests === 0) return [];
  if (Number.isNaN(cost)) {
    const keys = quoted(account?.missingPrices ?? []);
    const how = keys === '' ? '' : `: set ${keys} of the language model (0 where its server is free)`;
    return [`The cost is not known${how}.`];
  }
  const left = (account?.cap ?? Infinity) - (account?.spent().cost ?? 0);
  if (cost <= left) return [];
  return [
    `"maxCost" leaves ${dollars(Math.max(0, left))}, which may not suffice: then the extraction stops there, and answers are kept.`,
  ];
}

/** What is to be written, before it is. */
export function beforehand(steps: Steps, account: ServiceAccount | undefined): string[] {
  const { requests, cost } = leftOf(steps);
  const price = Number.isNaN(cost) ? '' : ` for at most $${cost.toFixed(2)}`;
  return [
    `To be written: at most ${requests} texts${price}, without retries.`,
    ...forecastNotes(steps, account),
  ];
}

function leftOf(steps: Steps): { requests: number; cost: number } {
  const sum = (key: 'requests' | 'cost'): number =>
    steps.reduce((total, { forecast }) => total + (forecast?.[key] ?? 0), 0);
  return { requests: sum('requests'), cost: sum('cost') };
}

const quoted = (keys: readonly string[]): string => keys.map((key) => `"${key}"`).join(' and ');
