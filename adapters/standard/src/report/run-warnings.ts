import type { ImportReport } from '@coco-rec/core';
import type { RunResult } from '../result.js';
import type { ComparedMethod } from '../summarise-comparison.js';

/** What a reader of a run's figures has to know: what its backbone assumes or misses, weights that are no trained ones. */
export function runWarnings({ training, config }: RunResult): readonly string[] {
  const { backbone, bestEpoch } = training as { backbone?: ImportReport; bestEpoch?: number };
  const { fusion } = config ?? {};
  const isFused = fusion !== undefined && (typeof fusion === 'string' ? fusion : fusion.id) !== 'none';
  return [...(backbone?.warnings ?? []), ...(isFused && bestEpoch === 0 ? [untrained] : [])];
}

const untrained =
  'By validation no epoch of the joint stage was better than its start: the figures are of the fusion as it starts.';

/** Each warning of any run once, with the names of its methods before it where not all have it. */
export function comparedWarnings(methods: readonly ComparedMethod[]): string[] {
  const namesOf = new Map<string, string[]>();
  for (const { name, runs } of methods) {
    for (const warning of new Set(runs.flatMap(({ result }) => runWarnings(result))))
      namesOf.set(warning, [...(namesOf.get(warning) ?? []), name]);
  }
  return [...namesOf].map(([warning, names]) =>
    names.length === methods.length ? warning : `${names.join(', ')}: ${warning}`,
  );
}
