import type { Command } from 'commander';
import { type DatasetSummary, type Table, inspectDataset, openData } from '@coco-rec/standard';
import { type DataOptions, dataConfigOf, formatOption } from '../data-source.js';
import { examples, setOption } from '../options.js';
import type { Terminal } from '../terminal.js';

interface Options extends DataOptions {
  readonly json?: boolean;
}

export function addDataInspect(parent: Command, terminal: Terminal): void {
  const command = parent
    .command('inspect')
    .description('what a data set holds, what was left out of it, and what a recommender should know of it')
    .argument('<file>', 'a config file, whose section "data" is taken, or a path')
    .addOption(formatOption())
    .addOption(setOption())
    .option('--json', 'print it as JSON')
    .action((file: string, options: Options) => inspect(file, options, terminal));
  examples(command, [
    ['coco data inspect beauty.yaml', 'what the section "data" of the file names'],
    ['coco data inspect data/beauty', 'a folder with RecBole files'],
    ['coco data inspect clicks.tsv --format csv --set data.columns.item=product', 'a path, with keys of its format'],
  ]);
}

async function inspect(file: string, options: Options, terminal: Terminal): Promise<void> {
  const config = await dataConfigOf(file, options);
  const { progress, signal } = terminal;
  const summary = inspectDataset(await openData(config, { progress, signal }));
  if (options.json) terminal.print(JSON.stringify(summary, null, 2));
  else terminal.table(summaryTable(summary));
}

/** A row for each figure, whatever a summary holds; lists of sentences stand below. */
export function summaryTable(summary: DatasetSummary): Table {
  const entries = flatten(summary, '');
  const isSentences = (value: unknown): value is string[] =>
    Array.isArray(value) && value.every((part) => typeof part === 'string' && part.includes(' '));
  return {
    title: 'Data set',
    columns: [{ label: 'What' }, { label: 'Value' }],
    rows: entries.filter(([, value]) => !isSentences(value)).map(([name, value]) => [name, valueText(value)]),
    notes: entries.flatMap(([, value]) => (isSentences(value) ? value : [])),
  };
}

function flatten(group: object, prefix: string): [string, unknown][] {
  return Object.entries(group).flatMap(([key, value]: [string, unknown]) => {
    const name = `${prefix}${wordsOf(key)}`;
    if (value === undefined || value === null) return [];
    if (typeof value !== 'object' || Array.isArray(value)) return [[name, value] as [string, unknown]];
    return flatten(value, key === 'counts' || key === 'report' ? prefix : `${name}: `);
  });
}

/** userCount is "user count"; what is in words already stays. */
function wordsOf(key: string): string {
  return key.includes(' ') ? key : key.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function valueText(value: unknown): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'number') {
    return value.toLocaleString('en', { maximumSignificantDigits: Number.isInteger(value) ? 21 : 4 });
  }
  return Array.isArray(value) ? value.map(valueText).join(', ') : String(value);
}
