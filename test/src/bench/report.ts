import type { BenchCase } from './bench-case.js';
import type { Machine } from './machine.js';
import type { Peer } from './peers/peer.js';
import type { Figure } from './run-cases.js';

/** Three significant digits, without an exponent. */
export function figureText(value: number | undefined): string {
  if (value === undefined) return '';
  const digits = value === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(digits, 6));
}

const spread = (values: readonly number[]): string =>
  values.length < 2 ? '' : `${figureText(Math.min(...values))} – ${figureText(Math.max(...values))}`;

const labels = ['what', 'median', 'lowest – highest', 'processor', 'limit', 'of limit', 'goal'];

/** The figures as aligned text, each with its peers' in lines of their own below it; notes stand below. */
export function figuresTable(figures: readonly Figure[]): string {
  const notes: string[] = [];
  const marked = (name: string, note?: string): string => {
    if (note === undefined) return name;
    notes.push(note);
    return `${name} [${notes.length}]`;
  };
  const hasPeers = figures.some(({ peers }) => peers !== undefined);
  const row = (cells: readonly string[], ratio: string, unit: string): string[] =>
    hasPeers ? [...cells, ratio, unit] : [...cells, unit];
  const rows = figures.flatMap(({ peers = [], ...figure }) => [
    row(ownCells(figure, marked(figure.name, figure.note)), '', figure.unit),
    ...peers.map((peer) => {
      const name = `  ${marked(peer.name, `${peer.note}; ${peer.threads} threads`)}`;
      const times = [figureText(peer.median), spread(peer.values), figureText(peer.processor)];
      return row([name, ...times, '', '', ''], figureText(peer.ratio), figure.unit);
    }),
  ]);
  const head = row(labels, 'ours / peer', 'unit');
  return [alignedTable(head, rows), ...notes.map((note, i) => `[${i + 1}] ${note}`)].join('\n');
}

function ownCells(figure: Figure, name: string): string[] {
  const { values, limit, goal, processor } = figure;
  const times = limit === undefined || limit === 0 ? '' : `${figureText(figure.median / limit)} ×`;
  return [
    name,
    figureText(figure.median),
    spread(values),
    ...[processor, limit].map(figureText),
    times,
    figureText(goal),
  ];
}

/** Cases with what they measure, and who else does the same with `--peers`. */
export function casesTable(cases: readonly BenchCase[]): string {
  const named = (peers: readonly Peer[]): string => ` (peers: ${peers.map(({ name }) => name).join(', ')})`;
  const rows = cases.map(({ id, summary, peers }) => [id, summary + (peers ? named(peers) : '')]);
  return alignedTable(['case', ''], rows);
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
