import type { ImportReport } from '@coco-rec/core';
import type { RunResult } from '../result.js';
import type { ComparedMethod } from '../summarise-comparison.js';

/** What a run's backbone warns of: what it assumes of its vectors, which items have none. */
export function backboneWarnings({ training }: RunResult): readonly string[] {
  return (training.backbone as ImportReport | undefined)?.warnings ?? [];
}

/** Each warning of any run once, with the names of its methods before it where not all have it. */
export function comparedWarnings(methods: readonly ComparedMethod[]): string[] {
  const namesOf = new Map<string, string[]>();
  for (const { name, runs } of methods) {
    for (const warning of new Set(runs.flatMap(({ result }) => backboneWarnings(result))))
      namesOf.set(warning, [...(namesOf.get(warning) ?? []), name]);
  }
  return [...namesOf].map(([warning, names]) =>
    names.length === methods.length ? warning : `${names.join(', ')}: ${warning}`,
  );
}
