import { type Metrics, type PairedDifference, holm, ndcgAt, pairedDifference } from '@coco-rec/core';
import { type FusionVariant, controlsOf } from './fusion-variants.js';
import type { RunResult } from './result.js';
import type { StoredRun } from './stored-run.js';

export interface ComparedMethod {
  readonly name: string;
  /** Mean over seeds of each test metric. */
  readonly mean: Metrics;
  readonly validation: Metrics;
  readonly seconds: number;
  /** How far its gates and joins, closed at the start, have opened after the last epoch: means over seeds. */
  readonly openings?: Readonly<Record<string, number>>;
  /** What the fusion says of itself, such as that it is by prompts only. */
  readonly note?: string;
  /** Against the baseline, by metric; absent for the baseline itself. p is Holm-corrected over the methods in `pHolm`. */
  readonly difference?: Readonly<Record<string, PairedDifference & { pHolm: number }>>;
  /** Against `text`, where it was run. */
  readonly differenceToText?: Readonly<Record<string, PairedDifference>>;
  /** Against its own controls that were run (same keys and a `control`), by their names. */
  readonly differenceToControls?: Readonly<Record<string, Readonly<Record<string, PairedDifference>>>>;
  readonly runs: readonly { readonly seed: number; readonly folder: string; readonly result: RunResult }[];
}

/** Methods on a part of the users: those of whom a fusion knows something, where it does not know all. */
export interface UserGroup {
  /** Methods whose fusions know just these. */
  readonly of: readonly string[];
  readonly users: number;
  /** In the order of `Comparison.methods`, means of recall@5 and ndcg@5; p is not corrected for several methods. */
  readonly methods: readonly {
    readonly name: string;
    readonly mean: Metrics;
    readonly difference?: Readonly<Record<string, PairedDifference>>;
  }[];
}

/** What `coco compare` writes as comparison.json. */
export interface Comparison {
  readonly protocol: Readonly<Record<string, unknown>>;
  readonly seeds: number;
  /** Three seeds are "preliminary", five make a result. */
  readonly standing: 'preliminary' | 'result';
  readonly methods: readonly ComparedMethod[];
  /** The method that `difference` is against. Absent: `none`. */
  readonly baseline?: string;
  /** Where runs were compared that were there already: keys in which their configs differ. */
  readonly differingKeys?: readonly string[];
  /** Absent where every fusion knows all users, or none. */
  readonly groups?: readonly UserGroup[];
}

const comparedMetrics: Readonly<Record<string, (rank: number) => number>> = {
  'recall@5': (rank) => (rank <= 5 ? 1 : 0),
  'ndcg@5': (rank) => ndcgAt(rank, 5),
};

/** A method of the comparison, with what its fusion knows. */
export interface ComparedVariant extends FusionVariant {
  /** Places in the runs' ranks of the users of whom the fusion knows something; undefined: no such limit. */
  readonly known?: readonly number[];
}

/** @param runs by the name of the variant, at least one @param base what the others are set against */
export function summarise(
  runs: ReadonlyMap<string, StoredRun[]>,
  variants: readonly ComparedVariant[],
  base = 'none',
): Comparison {
  const finished = [...runs].filter(([, list]) => list.length > 0);
  const baseline = runs.get(base);
  const text = runs.get('text');
  const methods = finished.map(([name, list]) => ({
    ...describe(name, list),
    difference: name !== base && baseline?.length ? uncorrected(differences(list, baseline)) : undefined,
    differenceToText: ![base, 'text'].includes(name) && text?.length ? differences(list, text) : undefined,
    differenceToControls: differencesToControls(name, list, runs, variants),
  }));
  const seeds = Math.min(...finished.map(([, list]) => list.length));
  const standing = seeds >= 5 ? 'result' : 'preliminary';
  const { seed: _seed, configHash: _hash, ...protocol } = finished[0][1][0].result.protocol;
  const groups = groupsOf(variants).map((group) => describeGroup(group, finished, baseline));
  return {
    protocol,
    seeds,
    standing,
    methods: withHolm(methods),
    ...(base !== 'none' && { baseline: base }),
    ...(groups.length > 0 && { groups }),
  };
}

interface KnownUsers {
  readonly of: string[];
  readonly places: readonly number[];
}

/** Fusions that know the same users share a group. */
function groupsOf(variants: readonly ComparedVariant[]): KnownUsers[] {
  const groups = new Map<string, KnownUsers>();
  for (const { name, known } of variants) {
    if (!known || known.length === 0) continue;
    const key = known.join();
    const group = groups.get(key);
    if (group) group.of.push(name);
    else groups.set(key, { of: [name], places: known });
  }
  return [...groups.values()];
}

function describeGroup(
  { of, places }: KnownUsers,
  finished: readonly (readonly [string, readonly StoredRun[]])[],
  baseline: readonly StoredRun[] | undefined,
): UserGroup {
  const within = (list: readonly StoredRun[]): StoredRun[] =>
    list.map((run) => ({ ...run, ranks: Int32Array.from(places, (place) => run.ranks[place]) }));
  const bare = baseline && within(baseline);
  const methods = finished.map(([name, list]) => {
    const own = within(list);
    const mean = Object.fromEntries(
      Object.entries(comparedMetrics).map(([metric, value]) => [metric, meanOver(own, value)]),
    );
    return { name, mean, difference: name !== 'none' && bare?.length ? differences(own, bare) : undefined };
  });
  return { of, users: places.length, methods };
}

function meanOver(list: readonly StoredRun[], value: (rank: number) => number): number {
  const perRun = list.map(({ ranks }) => ranks.reduce((sum, rank) => sum + value(rank), 0) / ranks.length);
  return perRun.reduce((sum, one) => sum + one, 0) / perRun.length;
}

function describe(name: string, list: readonly StoredRun[]): ComparedMethod {
  const meanOf = (pick: (result: RunResult) => Metrics): Metrics => {
    const keys = Object.keys(pick(list[0].result));
    const mean = (key: string): number =>
      list.reduce((sum, { result }) => sum + pick(result)[key], 0) / list.length;
    return Object.fromEntries(keys.map((key) => [key, mean(key)]));
  };
  const note = list[0].result.training.fusion;
  return {
    name,
    mean: meanOf(({ test }) => test),
    validation: meanOf(({ validation }) => validation),
    seconds: list.reduce((sum, { result }) => sum + result.seconds, 0) / list.length,
    ...openingsOf(list),
    ...(typeof note === 'string' && { note }),
    runs: list.map(({ seed, folder, result }) => ({ seed, folder, result })),
  };
}

/** The gauges that are sizes, "mean |g|"; nothing where a run of an older version tells none. */
function openingsOf(list: readonly StoredRun[]): Pick<ComparedMethod, 'openings'> {
  const all = list.map(({ result }) => (result.training.gauges ?? {}) as Record<string, number>);
  const names = Object.keys(all[0]).filter(
    (name) => /^mean \|/.test(name) && all.every((one) => name in one),
  );
  if (names.length === 0) return {};
  const mean = (name: string): number => all.reduce((sum, one) => sum + one[name], 0) / all.length;
  return { openings: Object.fromEntries(names.map((name) => [name, mean(name)])) };
}

function differences(
  list: readonly StoredRun[],
  baseline: readonly StoredRun[],
): Record<string, PairedDifference> {
  const shared = list.filter(({ seed }) => baseline.some((other) => other.seed === seed));
  const entries = Object.entries(comparedMetrics).map(([metric, value]) => {
    const of = (run: StoredRun): Float64Array => Float64Array.from(run.ranks, value);
    const partners = shared.map(({ seed }) => baseline.find((other) => other.seed === seed) as StoredRun);
    return [metric, pairedDifference(shared.map(of), partners.map(of))] as const;
  });
  return Object.fromEntries(entries);
}

function differencesToControls(
  name: string,
  list: readonly StoredRun[],
  runs: ReadonlyMap<string, StoredRun[]>,
  variants: readonly FusionVariant[],
): ComparedMethod['differenceToControls'] {
  const finished = controlsOf(name, variants).flatMap((control) => {
    const own = runs.get(control);
    return own?.length ? [[control, differences(list, own)] as const] : [];
  });
  return finished.length > 0 ? Object.fromEntries(finished) : undefined;
}

function uncorrected(found: Record<string, PairedDifference>): NonNullable<ComparedMethod['difference']> {
  const entries = Object.entries(found).map(([metric, one]) => [metric, { ...one, pHolm: one.p }] as const);
  return Object.fromEntries(entries);
}

function withHolm(methods: readonly ComparedMethod[]): ComparedMethod[] {
  const compared = methods.filter(({ difference }) => difference);
  for (const metric of Object.keys(comparedMetrics)) {
    const adjusted = holm(compared.map(({ difference }) => difference?.[metric].p ?? 1));
    compared.forEach(({ difference }, i) => {
      if (difference) (difference[metric] as { pHolm: number }).pHolm = adjusted[i];
    });
  }
  return [...methods];
}
