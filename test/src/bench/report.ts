import type { Machine } from './machine.js';
import type { Figure } from './run-cases.js';

/** Three significant digits, without an exponent. */
export function figureText(value: number | undefined): string {
  if (value === undefined) return '';
  const digits = value === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(digits, 6));
}

const spread = (values: readonly number[]): string =>
  values.length < 2 ? '' : `${figureText(Math.min(...values))} – ${figureText(Math.max(...values))}`;

const labels = ['what', 'median', 'lowest – highest', 'processor', 'limit', 'of limit', 'goal', 'unit'];

/** The figures as aligned text; notes stand below. */
export function figuresTable(figures: readonly Figure[]): string {
  const notes: string[] = [];
  const rows = figures.map((figure) => {
    const { name, values, limit, goal, unit, note } = figure;
    if (note !== undefined) notes.push(note);
    const mark = note === undefined ? '' : ` [${notes.length}]`;
    const times = limit === undefined || limit === 0 ? '' : `${figureText(figure.median / limit)} ×`;
    return [
      name + mark,
      figureText(figure.median),
      spread(values),
      figureText(figure.processor),
      figureText(limit),
      times,
      figureText(goal),
      unit,
    ];
  });
  return [alignedTable(labels, rows), ...notes.map((note, i) => `[${i + 1}] ${note}`)].join('\n');
}

/** Columns as wide as their longest cell, the first on the left, the others on the right. */
export function alignedTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  const pad = (cell: string, column: number): string =>
    column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]);
  return lines.map((line) => line.map(pad).join('  ').trimEnd()).join('\n');
}

/** One line on the circumstances. */
export function machineLine(machine: Machine): string {
  const { commit, version, node, processor, cores, memoryGB, loadBefore } = machine;
  return (
    `coco ${version}, commit ${commit}, Node ${node}, ${cores} cores (${processor}), ${memoryGB} GB; ` +
    `load before: ${loadBefore}`
  );
}
