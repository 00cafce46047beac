import type { Command } from 'commander';
import { runDemo } from '@coco-rec/standard';
import { examples } from '../options.js';
import type { Terminal } from '../terminal.js';

export function addDemo(parent: Command, terminal: Terminal): void {
  const command = parent
    .command('demo')
    .description('a small made-up shop: popularity, SASRec, its fusions and the oracle, in a few minutes')
    .option('--fresh', 'remove the earlier demo first')
    .action((options: { fresh?: boolean }) => demo(options, terminal));
  examples(command, [
    [
      'coco demo',
      'trains, prints one table and writes runs/demo/report.html; stopped by Ctrl-C, it goes on later',
    ],
    ['coco demo --fresh', 'from the beginning'],
  ]);
}

async function demo({ fresh }: { fresh?: boolean }, terminal: Terminal): Promise<void> {
  const { progress, signal } = terminal;
  const { table, report } = await runDemo({ fresh, progress, signal });
  terminal.table(table);
  terminal.print(`Written: ${report}`);
}
