import { stat } from 'node:fs/promises';
import type { Command } from 'commander';
import { UsageError } from '@coco-rec/core';
import {
  type Recommender,
  type Table,
  createRecommender,
  figureColumns,
  filterText,
  loadRecommender,
  metricLabel,
  metricText,
} from '@coco-rec/standard';
import { type ConfigOptions, configOf, examples, setOption } from '../options.js';
import type { Terminal } from '../terminal.js';

interface Options extends ConfigOptions {
  readonly json?: boolean;
}

export function addEvaluate(parent: Command, terminal: Terminal): void {
  const command = parent
    .command('evaluate')
    .description('measure a trained model again, all items being candidates')
    .argument('<file-or-folder>', 'a run folder, or the config file of a finished run')
    .option('--json', 'print the figures as JSON')
    .addOption(setOption())
    .action((path: string, options: Options) => evaluate(path, options, terminal));
  examples(command, [
    ['coco evaluate runs/beauty', 'test and validation figures of the model in the folder'],
    [
      'coco evaluate beauty.yaml --set evaluate.filter=seen',
      'the model of the file\'s "output", seen items removed',
    ],
  ]);
}

async function evaluate(path: string, options: Options, terminal: Terminal): Promise<void> {
  const recommender = await open(path, options, terminal);
  try {
    const test = await recommender.evaluate('test');
    const validation = await recommender.evaluate('validation');
    const { filter } = recommender.config.evaluate;
    if (options.json) {
      terminal.print(JSON.stringify({ filter, test, validation }, null, 2));
      return;
    }
    const table: Table = {
      title: `Result, ${filterText(filter)}`,
      columns: figureColumns('Metric', 'test', 'validation'),
      rows: Object.keys(test).map((name) => [
        metricLabel(name),
        metricText(test[name]),
        metricText(validation[name]),
      ]),
    };
    terminal.table(table);
  } finally {
    recommender.dispose();
  }
}

async function open(path: string, options: Options, { progress, signal }: Terminal): Promise<Recommender> {
  const found = await stat(path).catch(() => undefined);
  if (!found) throw new UsageError(`There is no file or folder ${path}.`);
  if (found.isDirectory()) return loadRecommender(path, { set: options.set, progress, signal });
  const recommender = createRecommender(await configOf(path, options), { progress, signal });
  return recommender.load(recommender.config.output);
}
