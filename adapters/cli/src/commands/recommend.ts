import type { Command } from 'commander';
import { UsageError } from '@coco-rec/core';
import {
  type Recommendation,
  type Recommender,
  figureColumns,
  loadRecommender,
  visibleText,
} from '@coco-rec/standard';
import { readHistories } from '../histories.js';
import { count, examples, idList } from '../options.js';
import type { Terminal } from '../terminal.js';

interface Options {
  readonly history?: string[];
  readonly file?: string;
  readonly k: number;
  readonly removeSeen?: boolean;
  readonly json?: boolean;
}

export function addRecommend(parent: Command, terminal: Terminal): void {
  const command = parent
    .command('recommend')
    .description('the best items for histories; users need not be known')
    .argument('<run-folder>', 'a folder that train, compare or save wrote')
    .option('--history <ids>', 'one history: raw item ids between commas, oldest first', idList)
    .option(
      '--file <file>',
      'many histories: JSON Lines, each a list of ids or { "history": [...] }; - is standard input',
    )
    .option('-k, --k <number>', 'items a history', count, 10)
    .option('--remove-seen', 'leave out items of the history (default: as the config says)')
    .option('--json', 'print one history as JSON, too')
    .action((folder: string, options: Options) => recommend(folder, options, terminal));
  examples(command, [
    [
      'coco recommend runs/beauty --history B00A,B00B,B00C -k 5',
      'five items for somebody who had these three',
    ],
    [
      'coco recommend runs/beauty --file histories.jsonl > out.jsonl',
      'one line of JSON for each line of the file',
    ],
    ['echo \'["B00A"]\' | coco recommend runs/beauty', 'histories from standard input'],
  ]);
}

async function recommend(folder: string, options: Options, terminal: Terminal): Promise<void> {
  if (options.history && options.file !== undefined)
    throw new UsageError('Give --history or --file, not both.');
  const { progress, signal, colours } = terminal;
  const histories = options.history ? [options.history] : await readHistories(options.file ?? '-', signal);
  const recommender = await loadRecommender(folder, { progress, signal });
  try {
    await tellUnknownItems(recommender, histories, terminal);
    const found = await recommender.recommend(histories, options.k, { removeSeen: options.removeSeen });
    if (options.history && !options.json) {
      await printTable(recommender, found[0], terminal);
    } else {
      found.forEach((items, n) => terminal.print(JSON.stringify({ history: histories[n], items })));
    }
    if (histories.length === 0) terminal.note(colours.dim('No histories were given.'));
  } finally {
    recommender.dispose();
  }
}

async function printTable(
  recommender: Recommender,
  found: readonly Recommendation[],
  terminal: Terminal,
): Promise<void> {
  const { items, texts } = (await recommender.split()).dataset;
  const title = (item: string): string =>
    visibleText(texts?.get(items.indexOf(item) ?? 0) ?? '').slice(0, 60);
  terminal.table({
    title: 'Recommended',
    columns: [...figureColumns('Item', 'score'), { label: 'text' }],
    rows: found.map(({ item, score }) => [item, score.toFixed(3), title(item)]),
  });
}

/** Items that the model has never seen are skipped, and said so. */
async function tellUnknownItems(
  recommender: Recommender,
  histories: readonly (readonly string[])[],
  terminal: Terminal,
): Promise<void> {
  const { items } = (await recommender.split()).dataset;
  const unknown = [...new Set(histories.flat().filter((id) => id === '' || items.indexOf(id) === undefined))];
  if (unknown.length === 0) return;
  const shown = unknown.slice(0, 5).map((id) => `"${visibleText(id)}"`);
  const more = unknown.length > shown.length ? `, and ${unknown.length - shown.length} more` : '';
  terminal.note(`Skipped, because the model does not know them: ${shown.join(', ')}${more}.`);
}
