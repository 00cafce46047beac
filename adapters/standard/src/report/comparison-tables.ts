import type { PairedDifference } from '@coco-rec/core';
import type { ComparedMethod, Comparison } from '../summarise-comparison.js';
import { comparedWarnings } from './run-warnings.js';
import {
  durationText,
  filterText,
  gainText,
  intervalText,
  metricLabel,
  metricText,
  otherFilterOf,
  pText,
} from './figures.js';
import { type Table, figureColumns } from './table.js';

/** The one table of a comparison: figures with both filters, and the paired gain of `metric` over the baseline. */
export function comparisonTable(comparison: Comparison, metric: 'recall@5' | 'ndcg@5' = 'recall@5'): Table {
  const { methods, protocol, baseline = 'none' } = comparison;
  const other = otherFilterOf(protocol.filter) === 'seen' ? 'removed' : 'kept';
  const label = metricLabel(metric);
  return {
    title: `Methods, ${filterText(protocol.filter)}; gain in ${label}`,
    columns: figureColumns(
      'Method',
      'R@5',
      'N@5',
      `R@5, seen ${other}`,
      `N@5, seen ${other}`,
      `${label} over ${baseline}`,
      '95 % interval',
      'Holm p',
      'verdict',
      'time a run',
    ),
    rows: methods.map((method) => [
      method.name,
      metricText(method.mean['recall@5']),
      metricText(method.mean['ndcg@5']),
      metricText(otherMean(method, 'recall@5')),
      metricText(otherMean(method, 'ndcg@5')),
      ...gainCells(method.difference?.[metric]),
      durationText(method.seconds),
    ]),
    notes: standingNotes(comparison),
  };
}

/** Gains over `text`; undefined where it was not run. */
export function gainOverTextTable(comparison: Comparison, metric: 'recall@5' | 'ndcg@5'): Table | undefined {
  const rows = comparison.methods.flatMap(({ name, differenceToText }) =>
    differenceToText ? [[name, ...gainCells(differenceToText[metric])]] : [],
  );
  if (rows.length === 0) return undefined;
  const label = metricLabel(metric);
  return {
    title: `Gain in ${label} over text`,
    columns: figureColumns('Method', `${label} over text`, '95 % interval', 'p', 'verdict'),
    rows,
    notes: ['These p values are not corrected for several methods.'],
  };
}

/** Gains over a method's own controls; undefined where none was run. */
export function gainOverControlsTable(
  comparison: Comparison,
  metric: 'recall@5' | 'ndcg@5',
): Table | undefined {
  const rows = comparison.methods.flatMap(({ name, differenceToControls = {} }) =>
    Object.entries(differenceToControls).map(([control, found]) => [
      name,
      control,
      ...gainCells(found[metric]),
    ]),
  );
  if (rows.length === 0) return undefined;
  const label = metricLabel(metric);
  return {
    title: `Gain in ${label} over controls`,
    columns: figureColumns('Method', 'Control', `${label} over it`, '95 % interval', 'p', 'verdict'),
    rows,
    notes: ['These p values are not corrected for several methods.'],
  };
}

/** Methods on the users of whom a fusion knows something; none where every fusion knows all users. */
export function userGroupTables({ groups = [] }: Comparison): Table[] {
  const gains = ['recall@5', 'ndcg@5'] as const;
  return groups.map(({ of, users, methods }) => ({
    title: `On the ${users.toLocaleString('en')} users with a text for ${of.join(', ')}`,
    columns: figureColumns(
      'Method',
      'R@5',
      'N@5',
      ...gains.flatMap((metric) => [`${metricLabel(metric)} over none`, '95 % interval', 'p', 'verdict']),
    ),
    rows: methods.map(({ name, mean, difference }) => [
      name,
      ...gains.map((metric) => metricText(mean[metric])),
      ...gains.flatMap((metric) => gainCells(difference?.[metric])),
    ]),
    notes: ['These p values are not corrected for several methods.'],
  }));
}

/** How far what is closed at the start has opened, and what fusions say of themselves; undefined where none says a thing. */
export function fusionsTable({ methods }: Comparison): Table | undefined {
  const rows = methods.flatMap(({ name, openings = {}, note }) => {
    const sizes = Object.entries(openings).map(([gauge, value]) => `${gauge} ${value.toPrecision(2)}`);
    return sizes.length > 0 || note ? [[name, sizes.join(', '), note ?? '']] : [];
  });
  if (rows.length === 0) return undefined;
  return {
    title: 'Fusions',
    columns: [{ label: 'Method' }, { label: 'opened to, after the last epoch' }, { label: 'remark' }],
    rows,
    notes: ['Gates and joins are closed at the start: what stays near 0 adds little of its knowledge.'],
  };
}

/** Figures of every run. */
export function runsTable(comparison: Comparison): Table {
  const names = Object.keys(comparison.methods[0]?.mean ?? {});
  return {
    title: 'Test figures of every run',
    columns: figureColumns('Method', 'seed', ...names.map(metricLabel), 'time'),
    rows: comparison.methods.flatMap(({ name, runs }) =>
      runs.map(({ seed, result }) => [
        name,
        String(seed),
        ...names.map((metric) => metricText(result.test[metric])),
        durationText(result.seconds),
      ]),
    ),
  };
}

/** Gain, interval, p and verdict of one paired difference, in parts of the baseline's mean. */
export function gainCells(found: (PairedDifference & { pHolm?: number }) | undefined): string[] {
  if (!found) return ['', '', '', ''];
  const { baseline, relative, interval, p, pHolm = p } = found;
  // A share of the baseline's mean is what readers compare with other papers.
  const [from, to] = interval.map((end) => end / baseline);
  return [gainText(relative), intervalText(from, to), pText(pHolm), verdictOf(found)];
}

/** "no difference shown" while the interval holds 0, or p, corrected where it is, is not below .05. */
export function verdictOf(
  found: Pick<PairedDifference, 'interval' | 'p'> & { readonly pHolm?: number },
): string {
  const { interval, p, pHolm = p } = found;
  const [from, to] = interval;
  if (pHolm >= 0.05) return 'no difference shown';
  if (from > 0) return 'better';
  return to < 0 ? 'worse' : 'no difference shown';
}

function otherMean({ runs }: ComparedMethod, metric: string): number | undefined {
  const values = runs.map(({ result }) => result.otherFilter.test[metric]);
  if (values.length === 0 || values.some((value) => value === undefined)) return undefined;
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function standingNotes({ seeds, standing, methods, differingKeys = [] }: Comparison): string[] {
  const notes = [
    `Means over ${seeds} ${seeds === 1 ? 'seed' : 'seeds'}` +
      (standing === 'preliminary' ? ': preliminary, a result takes 5 seeds.' : '.'),
  ];
  if (methods.some(({ difference }) => difference)) {
    notes.push(
      'Gains are paired by user and seed; intervals by bootstrap over both; p by Holm over the methods.',
    );
  } else if (!methods.some(({ name }) => name === 'none')) {
    notes.push('No gains are told: the method none was not run.');
  }
  if (differingKeys.length > 0)
    notes.push(`The configs differ in ${differingKeys.join(', ')}: a gain is that of all of it together.`);
  return [...notes, ...comparedWarnings(methods)];
}
