import {
  type Dataset,
  type Evaluation,
  type Metrics,
  type Ranker,
  type RunConfig,
  type Split,
  evaluateRanker,
  type Progress,
} from '@coco-rec/core';
import { splitFacts } from './split-data.js';

/** Version of the packages, written into results. */
export const codeVersion = '0.1.0';

/** What `coco train` writes as result.json. */
export interface RunResult {
  readonly protocol: Readonly<Record<string, unknown>>;
  readonly test: Metrics;
  readonly validation: Metrics;
  /** The other variant: seen items removed, or kept, whichever `evaluate.filter` is not. */
  readonly otherFilter: {
    readonly filter: 'none' | 'seen';
    readonly test: Metrics;
    readonly validation: Metrics;
  };
  readonly groups: Evaluation['groups'];
  /** The sum of `times`. */
  readonly seconds: number;
  /**
   * Seconds. `prepare`: the ranker is made, texts that were not stored are read. `train`: over all starts, with the warm
   * start whoever made it. `measure`: all figures of this file.
   */
  readonly times: { readonly prepare: number; readonly train: number; readonly measure: number };
  readonly training: Readonly<Record<string, unknown>>;
  readonly config: RunConfig;
}

/** Everything that is measured of a trained ranker, with the ranks of the test targets. */
export async function measure(
  ranker: Ranker,
  split: Split,
  config: RunConfig,
  options: { progress: Progress; signal?: AbortSignal },
): Promise<Pick<RunResult, 'test' | 'validation' | 'otherFilter' | 'groups'> & { ranks: Int32Array }> {
  const { topK, filter } = config.evaluate;
  const run = (target: 'test' | 'validation', removeSeen: boolean, coverage: boolean): Promise<Evaluation> =>
    evaluateRanker(ranker, split, { target, cutoffs: topK, removeSeen, coverage, ...options });
  const removeSeen = filter === 'seen';
  const test = await run('test', removeSeen, true);
  const validation = await run('validation', removeSeen, false);
  const otherTest = await run('test', !removeSeen, false);
  const otherValidation = await run('validation', !removeSeen, false);
  return {
    test: test.metrics,
    validation: validation.metrics,
    otherFilter: {
      filter: removeSeen ? 'none' : 'seen',
      test: otherTest.metrics,
      validation: otherValidation.metrics,
    },
    groups: test.groups,
    ranks: test.ranks,
  };
}

/** How the figures came about: split, candidates, ties, hashes, seed, engine, versions. */
export function protocolOf(
  config: RunConfig,
  split: Split,
  facts: { engine: string; configHash: string; seed: number },
): Record<string, unknown> {
  const { dataset }: { dataset: Dataset } = split;
  return {
    split:
      split.rule.kind === 'global-time'
        ? 'global by time, first item after the cut'
        : 'leave-one-out by time',
    candidates: 'all items',
    ties: 'count against the target',
    filter: config.evaluate.filter,
    topK: config.evaluate.topK,
    data: dataset.name,
    dataHash: dataset.hash,
    users: dataset.userCount,
    items: dataset.itemCount,
    interactions: dataset.sequence.length,
    ...splitFacts(split),
    configHash: facts.configHash,
    seed: facts.seed,
    engine: facts.engine,
    codeVersion,
  };
}
