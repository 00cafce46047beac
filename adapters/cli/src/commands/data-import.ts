import type { Command } from 'commander';
import { openData, writeRecBole } from '@coco-rec/standard';
import { type DataOptions, dataConfigOf, formatOption } from '../data-source.js';
import { examples, setOption } from '../options.js';
import type { Terminal } from '../terminal.js';

interface Options extends DataOptions {
  readonly out: string;
}

export function addDataImport(parent: Command, terminal: Terminal): void {
  const command = parent
    .command('import')
    .description('turn data of any format into RecBole files, cleaned and in order of time')
    .argument('<file>', 'a config file, whose section "data" is taken, or a path')
    .requiredOption(
      '-o, --out <folder>',
      'folder for NAME.inter and NAME.item, by the name of the data; never overwritten',
    )
    .addOption(formatOption())
    .addOption(setOption())
    .action((file: string, options: Options) => importData(file, options, terminal));
  examples(command, [
    ['coco data import shop.yaml --out data/shop', 'what the section "data" of the file names'],
    [
      'coco data import clicks.csv --out data/clicks --set data.columns.time=when --set data.items=items.jsonl',
      'a CSV file, its columns named by the keys of the format csv',
    ],
  ]);
}

async function importData(file: string, options: Options, terminal: Terminal): Promise<void> {
  const config = await dataConfigOf(file, options);
  const { progress, signal } = terminal;
  const dataset = await openData(config, { progress, signal });
  const written = await writeRecBole(dataset, options.out);
  const { userCount, itemCount, sequence } = dataset;
  terminal.print(`${userCount} users, ${itemCount} items, ${sequence.length} interactions.`);
  terminal.print(`Written: ${written.join(', ')}`);
  terminal.note(`Use it with  data: { format: recbole, path: ${options.out} }`);
}
