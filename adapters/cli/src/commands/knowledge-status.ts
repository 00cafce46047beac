import type { Command } from 'commander';
import {
  type ExtractionOptions,
  statusTable,
  takesExtraction,
  withExtraction,
} from '../extraction-source.js';
import { examples } from '../options.js';
import type { Terminal } from '../terminal.js';

interface Options extends ExtractionOptions {
  readonly json?: boolean;
}

export function addKnowledgeStatus(parent: Command, terminal: Terminal): void {
  const command = takesExtraction(parent.command('status'))
    .description('how many texts are written, failed and missing, and what the rest would take')
    .option('--json', 'print it as JSON')
    .action((file: string, options: Options) => status(file, options, terminal));
  examples(command, [
    ['coco knowledge status kar.yaml', 'step by step; nothing is sent'],
    ['coco knowledge status kar.yaml --users 3000 --json', 'as JSON, for the texts of 3,000 users'],
  ]);
}

async function status(file: string, options: Options, terminal: Terminal): Promise<void> {
  await withExtraction(file, options, terminal, async (extraction) => {
    const steps = await extraction.status();
    if (options.json) terminal.print(JSON.stringify(steps, null, 2));
    else terminal.table(statusTable(steps, extraction.account));
  });
}
