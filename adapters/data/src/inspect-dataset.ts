import {
  type Dataset,
  type HeldOutShares,
  UsageError,
  coldTargets,
  globalTimeSplit,
  mostSeconds,
  timeText,
} from '@coco-rec/core';

/** What `coco data inspect` prints of a data set. Plain JSON. */
export interface DatasetSummary {
  readonly name: string;
  readonly users: number;
  readonly items: number;
  readonly interactions: number;
  /** Interactions of a user. */
  readonly historyLength: { readonly mean: number; readonly median: number; readonly max: number };
  /** Users with fewer than 3 interactions: training only. */
  readonly usersTooShort: number;
  /** Interactions / (users · items). */
  readonly density: number;
  /** Items without an interaction: they can be recommended by their text only. */
  readonly itemsWithoutInteractions: number;
  /** Items whose text is empty; all of them where there is no text column. */
  readonly itemsWithoutText: number;
  /** Mean over the items that have a text, in characters; 0 where none has. */
  readonly meanTextLength: number;
  /** Share of the interactions with the most popular 20 % of the items (rounded up). */
  readonly headShare: number;
  /** Distinct attributes of items. */
  readonly attributes: number;
  /** False where there are no times, or only ranks within a user: then a split by time makes no sense. */
  readonly realTimes: boolean;
  /** First and last time as ISO dates, where they are real and count seconds or milliseconds since 1970. */
  readonly period?: { readonly from: string; readonly to: string };
  /** What a global time split would hold out; absent where there are no real times, or too few of them. */
  readonly globalTimeSplit?: GlobalTimeSummary;
  /** What the importer counted. */
  readonly counts: Readonly<Record<string, number>>;
  readonly warnings: readonly string[];
  /** True for simulated data. */
  readonly hasOracle: boolean;
  /** SHA-256 of interactions, ids and texts. */
  readonly hash: string;
}

/** The cuts of a global time split, as text, and what they leave to each part. */
export interface GlobalTimeSummary {
  readonly validationFrom: string;
  readonly testFrom: string;
  readonly trainingInteractions: number;
  readonly validationUsers: number;
  readonly testUsers: number;
  /** Targets of the test that no training interaction has. */
  readonly coldTestTargets: number;
}

/**
 * Counts what there is to know of a data set before training on it.
 * @param shares of a global time split; absent: what that would hold out is not told
 */
export function inspectDataset(dataset: Dataset, shares?: HeldOutShares): DatasetSummary {
  const { userCount, itemCount, sequence, offsets, report } = dataset;
  const lengths = Int32Array.from(
    { length: userCount },
    (_, user) => offsets[user + 1] - offsets[user],
  ).sort();
  const counts = itemCounts(dataset);
  return {
    name: dataset.name,
    users: userCount,
    items: itemCount,
    interactions: sequence.length,
    historyLength: { mean: sequence.length / userCount, median: median(lengths), max: lengths.at(-1) ?? 0 },
    usersTooShort: lengths.filter((length) => length < 3).length,
    density: sequence.length / (userCount * itemCount),
    itemsWithoutInteractions: counts.filter((count) => count === 0).length,
    ...textFigures(dataset),
    headShare: headShareOf(counts, sequence.length),
    attributes: dataset.attributes?.count ?? 0,
    realTimes: dataset.realTimes,
    period: periodOf(dataset),
    ...(shares && dataset.realTimes && globalTimeSummary(dataset, shares)),
    counts: report.counts,
    warnings: report.warnings,
    hasOracle: dataset.oracle !== undefined,
    hash: dataset.hash,
  };
}

/** Interactions of each item. @returns [V] */
function itemCounts({ itemCount, sequence }: Dataset): Int32Array {
  const counts = new Int32Array(itemCount);
  for (const item of sequence) counts[item - 1]++;
  return counts;
}

/** @param sorted rising */
function median(sorted: Int32Array): number {
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function headShareOf(counts: Int32Array, interactions: number): number {
  const head = counts
    .slice()
    .sort()
    .reverse()
    .subarray(0, Math.ceil(counts.length / 5));
  return head.reduce((sum, count) => sum + count, 0) / interactions;
}

function textFigures({ texts, itemCount }: Dataset): { itemsWithoutText: number; meanTextLength: number } {
  if (!texts) return { itemsWithoutText: itemCount, meanTextLength: 0 };
  let [without, characters] = [0, 0];
  for (let item = 1; item <= itemCount; item++) {
    const { length } = texts.get(item);
    if (length === 0) without++;
    characters += length;
  }
  const described = itemCount - without;
  return { itemsWithoutText: without, meanTextLength: described > 0 ? characters / described : 0 };
}

function globalTimeSummary(dataset: Dataset, shares: HeldOutShares): Pick<DatasetSummary, 'globalTimeSplit'> {
  try {
    const split = globalTimeSplit(dataset, shares);
    const { rule, trainLengths, validation, test } = split;
    const summary = {
      validationFrom: timeText(rule.validationFrom),
      testFrom: timeText(rule.testFrom),
      trainingInteractions: trainLengths.reduce((sum, length) => sum + length, 0),
      validationUsers: validation.users.length,
      testUsers: test.users.length,
      coldTestTargets: coldTargets(split, 'test'),
    };
    return { globalTimeSplit: summary };
  } catch (error) {
    if (error instanceof UsageError) return {}; // too few interactions, or too many at one moment
    throw error;
  }
}

function periodOf({ times, realTimes }: Dataset): DatasetSummary['period'] {
  if (!times || !realTimes) return undefined;
  let [first, last] = [Infinity, -Infinity];
  for (const time of times) {
    first = Math.min(first, time);
    last = Math.max(last, time);
  }
  // Beyond they are milliseconds: a data set made in code has whatever it was given. Smaller ones are no dates.
  const unit = first > mostSeconds ? 1 : 1000;
  if (first < 1e8 || last * unit > 8.64e15) return undefined;
  return { from: new Date(first * unit).toISOString(), to: new Date(last * unit).toISOString() };
}
