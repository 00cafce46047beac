import { basename, dirname } from 'node:path';
import type { Command } from 'commander';
import { NodeFileStore } from '@coco-rec/standard';
import {
  type ExtractionOptions,
  outliersOption,
  takesExtraction,
  withExtraction,
} from '../extraction-source.js';
import { examples } from '../options.js';
import type { Terminal } from '../terminal.js';

interface Options extends ExtractionOptions {
  readonly out?: string;
  readonly outliers?: boolean;
}

export function addKnowledgeExport(parent: Command, terminal: Terminal): void {
  const command = takesExtraction(parent.command('export'))
    .description('the stored texts as JSON Lines, each with its prompt, model, provenance and flags')
    .option('-o, --out <file>', 'where they go (default: standard output)')
    .addOption(outliersOption())
    .action((file: string, options: Options) => exportTexts(file, options, terminal));
  examples(command, [
    ['coco knowledge export kar.yaml --out texts.jsonl', 'one text a line'],
    ['coco knowledge export kar.yaml | wc -l', 'how many there are'],
  ]);
}

async function exportTexts(file: string, options: Options, terminal: Terminal): Promise<void> {
  const texts = await withExtraction(file, options, terminal, (extraction) =>
    extraction.texts({ outliers: options.outliers ? 'any' : 'free' }),
  );
  const lines = texts.map((text) => JSON.stringify(text));
  if (options.out === undefined) {
    for (const line of lines) terminal.print(line);
    return;
  }
  const files = new NodeFileStore(dirname(options.out));
  await files.write(basename(options.out), lines.map((line) => `${line}\n`).join(''));
  terminal.note(`${lines.length} texts written to ${options.out}.`);
}
