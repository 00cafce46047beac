import type { Dataset } from '@coco-rec/core';

/** What a data set holds, for people. */
export interface DatasetSummary {
  readonly name: string;
  readonly users: number;
  readonly items: number;
  readonly interactions: number;
  /** Interactions a user. */
  readonly historyLength: { readonly mean: number; readonly median: number; readonly longest: number };
  /** Users with fewer than 3 interactions: trained on, not evaluated. */
  readonly usersTooShortForEvaluation: number;
  /** Share of all user-item pairs that occur. */
  readonly density: number;
  /** Share of the interactions that falls on the most popular fifth of the items. */
  readonly headShare: number;
  /** Absent without item texts. */
  readonly texts?: { readonly itemsWithoutText: number; readonly meanLength: number; readonly longest: number };
  /** False where times are missing or only ranks within a user: a global time split is then refused. */
  readonly realTimes: boolean;
  /** What the importer counted, by plain name. */
  readonly counts: Readonly<Record<string, number>>;
  readonly warnings: readonly string[];
  /** SHA-256 of interactions, ids and texts. */
  readonly hash: string;
}

/** Counts what a data set holds. */
export function inspectDataset(dataset: Dataset): DatasetSummary {
  const { userCount: users, itemCount: items, offsets, sequence, report } = dataset;
  const lengths = Int32Array.from({ length: users }, (_, user) => offsets[user + 1] - offsets[user]).sort();
  return {
    name: dataset.name,
    users,
    items,
    interactions: sequence.length,
    historyLength: {
      mean: sequence.length / users,
      median: (lengths[(users - 1) >> 1] + lengths[users >> 1]) / 2,
      longest: lengths[users - 1],
    },
    usersTooShortForEvaluation: lengths.filter((length) => length < 3).length,
    density: sequence.length / users / items,
    headShare: headShareOf(sequence, items),
    texts: textsOf(dataset),
    realTimes: dataset.realTimes,
    counts: report.counts,
    warnings: report.warnings,
    hash: dataset.hash,
  };
}

function headShareOf(sequence: Int32Array, items: number): number {
  const counts = new Int32Array(items);
  for (const item of sequence) counts[item - 1]++;
  const head = counts.sort().subarray(items - Math.ceil(items / 5));
  return head.reduce((sum, count) => sum + count, 0) / sequence.length;
}

function textsOf({ texts, itemCount }: Dataset): DatasetSummary['texts'] {
  if (!texts) return undefined;
  const lengths = Int32Array.from({ length: itemCount }, (_, i) => texts.get(i + 1).length);
  const described = lengths.filter((length) => length > 0);
  return {
    itemsWithoutText: itemCount - described.length,
    meanLength: described.reduce((sum, length) => sum + length, 0) / Math.max(1, described.length),
    longest: described.reduce((longest, length) => Math.max(longest, length), 0),
  };
}
