import type { RunResult } from '../result.js';
import { runWarnings } from './run-warnings.js';
import { durationText, filterText, metricLabel, metricText } from './figures.js';
import { type Table, figureColumns } from './table.js';

/** Test and validation figures of one run, with both filters. */
export function resultTable(result: RunResult): Table {
  const { test, validation, otherFilter, protocol } = result;
  const kept = filterText(protocol.filter);
  const other = filterText(otherFilter.filter);
  const rows = Object.keys(test).map((name) => [
    metricLabel(name),
    metricText(test[name]),
    metricText(validation[name]),
    metricText(otherFilter.test[name]),
  ]);
  return {
    title: 'Result',
    columns: figureColumns('Metric', `test, ${kept}`, `validation, ${kept}`, `test, ${other}`),
    rows,
    notes: [
      `The run took ${durationText(result.seconds)} and used the engine ${String(protocol.engine)}.`,
      ...runWarnings(result),
      ...fusionNote(result.training.fusion),
    ],
  };
}

/** What a fusion says of itself. */
function fusionNote(report: unknown): readonly string[] {
  return typeof report === 'string' ? [`Fusion: ${report}.`] : [];
}

/** Test figures by group of users and of targets. */
export function groupTable(result: RunResult): Table {
  const groups = Object.entries(result.groups);
  const names = Object.keys(groups[0]?.[1] ?? {}).filter((name) => name !== 'users');
  return {
    title: 'Test figures by group',
    columns: figureColumns('Group', 'users', ...names.map(metricLabel)),
    rows: groups.map(([group, figures]) => [
      group,
      String(figures.users),
      ...names.map((name) => metricText(figures[name])),
    ]),
    notes: [`With ${filterText(result.protocol.filter)}.`],
  };
}
