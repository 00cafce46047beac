import type { Command } from 'commander';
import { createRecommender, resultTable, writeRunReport } from '@coco-rec/standard';
import { type ConfigOptions, configOf, examples, setOption } from '../options.js';
import type { Terminal } from '../terminal.js';

export function addTrain(parent: Command, terminal: Terminal): void {
  const command = parent
    .command('train')
    .description('train what a config file describes, measure it, and write the run folder')
    .argument('<file>', 'config file (YAML or JSON)')
    .addOption(setOption())
    .action((file: string, options: ConfigOptions) => train(file, options, terminal));
  examples(command, [
    ['coco train beauty.yaml', 'writes result.json, report.html and the model to the "output" of the file'],
    [
      'coco train beauty.yaml --set seed=2 --set output=runs/seed-2',
      'the same with another seed, into another folder',
    ],
    ['coco train beauty.yaml', 'after Ctrl-C: goes on where it was stopped'],
  ]);
}

async function train(file: string, options: ConfigOptions, terminal: Terminal): Promise<void> {
  const config = await configOf(file, options);
  const { progress, signal } = terminal;
  const recommender = createRecommender(config, { progress, signal });
  try {
    const result = await recommender.fit();
    const report = await writeRunReport(result);
    terminal.table(resultTable(result));
    terminal.print(`Written: ${recommender.config.output}/result.json and ${report}`);
  } finally {
    recommender.dispose();
  }
}
