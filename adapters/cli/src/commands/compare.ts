import { join } from 'node:path';
import type { Command } from 'commander';
import {
  checkConfig,
  compare,
  comparisonTable,
  fusionsTable,
  userGroupTables,
  writeComparisonReport,
} from '@coco-rec/standard';
import { type ConfigOptions, configOf, count, examples, setOption } from '../options.js';
import type { Terminal } from '../terminal.js';

interface Options extends ConfigOptions {
  readonly fusions: string;
  readonly seeds: number;
  readonly jobs: number;
}

export function addCompare(parent: Command, terminal: Terminal): void {
  const command = parent
    .command('compare')
    .description('train several fusions under one protocol and say what each brings over none')
    .argument('<file>', 'config file (YAML or JSON)')
    .option(
      '-f, --fusions <list>',
      'fusions between commas, keys as coco:key=value;key=value',
      'none,concat,mlp,coco',
    )
    .option('-n, --seeds <number>', "number of seeds, from the config's seed upwards", count, 3)
    .option('-j, --jobs <number>', 'runs at a time, each in a process of its own', count, 1)
    .addOption(setOption())
    .action((file: string, options: Options) => runCompare(file, options, terminal));
  examples(command, [
    ['coco compare beauty.yaml --fusions none,concat,mlp,coco --seeds 3', 'twelve runs, one table'],
    [
      'coco compare beauty.yaml --fusions none,coco,coco:preset=paper --seeds 5',
      'one fusion with two settings',
    ],
    [
      'coco compare beauty.yaml --fusions none,text,kar',
      'keys of each from the section "fusions" of the config',
    ],
    ['coco compare beauty.yaml --jobs 2', 'two runs at a time, with half of the threads each'],
    ['coco compare beauty.yaml', 'after Ctrl-C: finished runs are kept, the rest goes on'],
  ]);
}

async function runCompare(file: string, options: Options, terminal: Terminal): Promise<void> {
  const config = await configOf(file, options);
  const { output } = checkConfig(config);
  const { progress, signal } = terminal;
  const { fusions, seeds, jobs } = options;
  const comparison = await compare(config, { fusions, seeds, jobs, progress, signal });
  const report = await writeComparisonReport(output, comparison);
  terminal.table(comparisonTable(comparison));
  for (const table of userGroupTables(comparison)) terminal.table(table);
  const fusionsSay = fusionsTable(comparison);
  if (fusionsSay) terminal.table(fusionsSay);
  terminal.print(`Written: ${join(output, 'comparison.json')} and ${report}`);
}
