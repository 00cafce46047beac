import CliTable from 'cli-table3';
import type pc from 'picocolors';
import { type Table, visibleText } from '@coco-rec/standard';

/** Lines between columns are left out: figures are easier to read, and to paste, without. */
const bare = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};

/** A table for the terminal, with its title above and its notes below. */
export function renderTable(table: Table, colours: ReturnType<typeof pc.createColors>): string {
  const { title, columns, rows, notes = [] } = table;
  const drawn = new CliTable({
    chars: bare,
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
    colAligns: columns.map(({ align }) => align ?? 'left'),
  });
  drawn.push(columns.map(({ label }) => colours.dim(label)));
  for (const row of rows) drawn.push(row.map((cell) => visibleText(cell).replace(/\s+/g, ' ')));
  const lines = drawn
    .toString()
    .split('\n')
    .map((line) => line.trimEnd());
  return [colours.bold(title), ...lines, ...notes.map((note) => colours.dim(note))].join('\n');
}
