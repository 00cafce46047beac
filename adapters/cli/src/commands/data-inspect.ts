import type { Command } from 'commander';
import { type DatasetSummary, type Table, inspectData } from '@coco-rec/standard';
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
    [
      'coco data inspect clicks.tsv --format csv --set data.columns.item=product',
      'a path, with keys of its format',
    ],
  ]);
}

async function inspect(file: string, options: Options, terminal: Terminal): Promise<void> {
  const config = await dataConfigOf(file, options);
  const { progress, signal } = terminal;
  const summary = await inspectData(config, { progress, signal });
  if (options.json) terminal.print(JSON.stringify(summary, null, 2));
  else terminal.table(summaryTable(summary));
}

/** Every figure of the summary, then what the importer counted. */
export function summaryTable(summary: DatasetSummary): Table {
  const { historyLength, counts } = summary;
  const { mean, median, max } = historyLength;
  const rows: [string, string][] = [
    ['users', number(summary.users)],
    ['items', number(summary.items)],
    ['interactions', number(summary.interactions)],
    ['interactions of a user', `mean ${number(mean)}, median ${number(median)}, at most ${number(max)}`],
    ['users with fewer than 3, for training only', number(summary.usersTooShort)],
    ['density', percent(summary.density)],
    ['interactions with the top 20 % of the items', percent(summary.headShare)],
    ['items without interaction', number(summary.itemsWithoutInteractions)],
    ['items without text', number(summary.itemsWithoutText)],
    ['characters of a text, mean', number(summary.meanTextLength)],
    ['attributes', number(summary.attributes)],
    ['times', timesText(summary)],
    ...timeRows(summary),
    ['oracle', summary.hasOracle ? 'known: the data is simulated' : 'none'],
    ['SHA-256', summary.hash],
  ];
  const known = new Set(rows.map(([name]) => name));
  const counted = Object.entries(counts).filter(([name]) => !known.has(name));
  return {
    title: `Data set ${summary.name}`,
    columns: [{ label: 'What' }, { label: 'Value' }],
    rows: [...rows, ...counted.map(([name, count]) => [name, number(count)])],
  };
}

function timesText({ realTimes }: DatasetSummary): string {
  return realTimes ? 'real' : 'only the order of each user: no global time split';
}

function timeRows({ period, globalTimeSplit }: DatasetSummary): [string, string][] {
  const rows: [string, string][] = period
    ? [
        ['from', period.from],
        ['to', period.to],
      ]
    : [];
  if (!globalTimeSplit) return rows;
  const { validationFrom, testFrom, trainingInteractions, validationUsers, testUsers, coldTestTargets } =
    globalTimeSplit;
  const test = `${number(testUsers)} users, ${number(coldTestTargets)} cold targets`;
  return [
    ...rows,
    ['global time split, training', `${number(trainingInteractions)} interactions`],
    ['global time split, validation', `${number(validationUsers)} users, from ${validationFrom}`],
    ['global time split, test', `${test}, from ${testFrom}`],
  ];
}

/** At most two decimals. */
function number(value: number): string {
  return value.toLocaleString('en', { maximumFractionDigits: 2 });
}

/** Two digits at least, whatever the size. */
function percent(share: number): string {
  return `${(100 * share).toLocaleString('en', { maximumSignificantDigits: 3 })} %`;
}
