import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { UsageError } from '@coco-rec/core';
import {
  checkConfig,
  type Comparison,
  compare,
  compareRuns,
  comparisonTable,
  fusionsTable,
  NodeFileStore,
  userGroupTables,
  writeComparisonReport,
} from '@coco-rec/standard';
import { type ConfigOptions, configOf, count, examples, setOption } from '../options.js';
import type { Terminal } from '../terminal.js';

interface Options extends ConfigOptions {
  readonly fusions: string;
  readonly seeds: number;
  readonly jobs: number;
  readonly output?: string;
}

export function addCompare(parent: Command, terminal: Terminal): void {
  const command = parent
    .command('compare')
    .description(
      'train several fusions under one protocol and say what each brings over none; or compare finished runs',
    )
    .argument('<file-or-folders...>', 'config file (YAML or JSON), or run folders, the first of the baseline')
    .option(
      '-f, --fusions <list>',
      'fusions between commas, keys as coco:key=value;key=value',
      'none,concat,mlp,coco',
    )
    .option('-n, --seeds <number>', "number of seeds, from the config's seed upwards", count, 3)
    .option('-j, --jobs <number>', 'runs at a time, each in a process of its own', count, 1)
    .option('-o, --output <folder>', 'of run folders: write comparison.json and the report there')
    .addOption(setOption())
    .action(async (paths: string[], options: Options) => {
      const isGiven = (name: string): boolean => command.getOptionValueSource(name) === 'cli';
      if (await areFolders(paths)) await compareFolders(paths, options, isGiven, terminal);
      else await runCompare(paths[0], options, terminal);
    });
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
    [
      'coco compare runs/sasrec-1 runs/sasrec-2 runs/fdsa-1 runs/fdsa-2',
      'finished runs of two recommenders, seed by seed; nothing is trained',
    ],
  ]);
}

/** Several paths are run folders, and so is a single one that is a folder; `compareRuns` says what is wrong with them. */
async function areFolders([first, ...others]: readonly string[]): Promise<boolean> {
  if (others.length > 0) return true;
  const found = await stat(first).catch(() => undefined);
  return found?.isDirectory() === true;
}

async function compareFolders(
  folders: readonly string[],
  { output }: Options,
  isGiven: (option: string) => boolean,
  terminal: Terminal,
): Promise<void> {
  const wrong = ['fusions', 'seeds', 'jobs', 'set'].find(isGiven);
  if (wrong)
    throw new UsageError(`--${wrong} goes with a config file, not with run folders: nothing is trained.`);
  if (output !== undefined) await demandFree(output);
  const comparison = await compareRuns(folders, { progress: terminal.progress });
  printTables(comparison, terminal);
  terminal.table(comparisonTable(comparison, 'ndcg@5'));
  if (output === undefined) return;
  await new NodeFileStore(output).write('comparison.json', `${JSON.stringify(comparison, null, 2)}\n`);
  const report = await writeComparisonReport(output, comparison);
  terminal.print(`Written: ${join(output, 'comparison.json')} and ${report}`);
}

/** A comparison of run folders is made again in no time; what was trained is not written over. */
async function demandFree(output: string): Promise<void> {
  const files = new NodeFileStore(output);
  const isRun = (await files.read('run.json')) !== undefined;
  const old = await files.read('comparison.json');
  if (!isRun && (!old || new TextDecoder().decode(old).includes('"differingKeys"'))) return;
  throw new UsageError(
    `${output} is the folder of ${isRun ? 'a run' : 'a comparison that was trained'}: choose another --output.`,
  );
}

async function runCompare(file: string, options: Options, terminal: Terminal): Promise<void> {
  if (options.output !== undefined)
    throw new UsageError(
      '--output goes with run folders; of a config it is the key "output": --set output=…',
    );
  const config = await configOf(file, options);
  const { output } = checkConfig(config);
  const { progress, signal } = terminal;
  const { fusions, seeds, jobs } = options;
  const comparison = await compare(config, { fusions, seeds, jobs, progress, signal });
  const report = await writeComparisonReport(output, comparison);
  printTables(comparison, terminal);
  terminal.print(`Written: ${join(output, 'comparison.json')} and ${report}`);
}

function printTables(comparison: Comparison, terminal: Terminal): void {
  terminal.table(comparisonTable(comparison));
  for (const table of userGroupTables(comparison)) terminal.table(table);
  const fusionsSay = fusionsTable(comparison);
  if (fusionsSay) terminal.table(fusionsSay);
}
