import type { Command } from 'commander';
import { type Strings, UsageError } from '@coco-rec/core';
import {
  type Recommendation,
  type Recommender,
  figureColumns,
  loadRecommender,
  visibleText,
} from '@coco-rec/standard';
import { type Asked, readHistories } from '../histories.js';
import { type ConfigOptions, count, examples, idList, setOption } from '../options.js';
import type { Terminal } from '../terminal.js';

interface Options extends ConfigOptions {
  readonly history?: string[];
  readonly user: string[];
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
      '--user <id>',
      'a user of the data, by raw id, with all of their interactions, or with --history; may be given again',
      (id: string, others: string[]) => [...others, id],
      [],
    )
    .option(
      '--file <file>',
      'many histories: JSON Lines, each a list of ids, { "history": [...], "times": [...] } or { "user": "..." }; - is standard input',
    )
    .option('-k, --k <number>', 'items a history', count, 10)
    .option('--remove-seen', 'leave out items of the history (default: as the config says)')
    .addOption(setOption('set a key of the backbone anew that says how it is reached, such as backbone.url'))
    .option('--json', 'print one history or user as JSON, too')
    .action((folder: string, options: Options) => recommend(folder, options, terminal));
  examples(command, [
    [
      'coco recommend runs/beauty --history B00A,B00B,B00C -k 5',
      'five items for somebody who had these three',
    ],
    [
      'coco recommend runs/beauty --user A1YJEY40YUW4SE',
      'for a user of the data, after all of their interactions',
    ],
    [
      'coco recommend runs/beauty --file histories.jsonl > out.jsonl',
      'one line of JSON for each line of the file',
    ],
    ['echo \'["B00A"]\' | coco recommend runs/beauty', 'histories from standard input'],
  ]);
}

async function recommend(folder: string, options: Options, terminal: Terminal): Promise<void> {
  const { progress, signal, colours } = terminal;
  const asked = await readAsked(options, signal);
  const recommender = await loadRecommender(folder, { set: options.set, progress, signal });
  try {
    await recommender.historiesOf(options.user); // complains of one that the data do not have
    const histories: string[][] = [];
    for (const { history, user = '' } of asked) {
      histories.push(history ?? (await recommender.historiesOf([user]))[0]);
    }
    await tellUnknown(recommender, asked, terminal);
    const users = asked.map(({ user }) => user);
    const times = asked.map((one) => one.times);
    const { k, removeSeen } = options;
    const found = await recommender.recommend(histories, k, { removeSeen, users, times });
    const isOne = options.history !== undefined || options.user.length === 1;
    if (isOne && !options.json) await printTable(recommender, found[0], terminal);
    else found.forEach((items, n) => terminal.print(JSON.stringify({ ...asked[n], items })));
    if (histories.length === 0) terminal.note(colours.dim('No histories were given.'));
  } finally {
    recommender.dispose();
  }
}

/** Who is asked for on the command line or, without anybody there, in a file. */
async function readAsked({ history, user, file }: Options, signal: AbortSignal): Promise<readonly Asked[]> {
  if (history && file !== undefined) throw new UsageError('Give --history or --file, not both.');
  if (user.length > 0 && file !== undefined) {
    throw new UsageError('Give --user or --file, not both; a line of the file may be {"user": "..."}.');
  }
  if (history && user.length > 1) throw new UsageError('--history goes with one --user at most.');
  if (history) return [{ history, user: user.at(0) }];
  return user.length > 0 ? user.map((id) => ({ user: id })) : readHistories(file ?? '-', signal);
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

/** Items that the model has never seen are skipped, and users that the data do not have are nobody in particular. */
async function tellUnknown(
  recommender: Recommender,
  asked: readonly Asked[],
  terminal: Terminal,
): Promise<void> {
  const { items, users } = (await recommender.split()).dataset;
  const list = (ids: readonly string[]): string => {
    const shown = ids.slice(0, 5).map((id) => `"${visibleText(id)}"`);
    return shown.join(', ') + (ids.length > shown.length ? `, and ${ids.length - shown.length} more` : '');
  };
  const unknown = (ids: readonly string[], names: Strings): string[] =>
    [...new Set(ids)].filter((id) => id === '' || names.indexOf(id) === undefined);
  const skipped = unknown(
    asked.flatMap(({ history = [] }) => history),
    items,
  );
  if (skipped.length > 0) terminal.note(`Skipped, because the model does not know them: ${list(skipped)}.`);
  const strangers = unknown(
    asked.flatMap(({ user }) => user ?? []),
    users,
  );
  if (strangers.length > 0)
    terminal.note(`Not users of the data, so only their histories count: ${list(strangers)}.`);
}
