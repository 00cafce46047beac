import type { Command } from 'commander';
import { type Extraction, visibleText } from '@coco-rec/standard';
import { beforehand } from '../account-notes.js';
import {
  type ExtractionOptions,
  statusTable,
  takesExtraction,
  withExtraction,
} from '../extraction-source.js';
import { examples } from '../options.js';
import type { Terminal } from '../terminal.js';

interface Options extends ExtractionOptions {
  readonly forecast?: boolean;
}

/** Failures that are listed in full. */
const listedFailures = 10;

export function addKnowledgeExtract(parent: Command, terminal: Terminal): void {
  const command = takesExtraction(parent.command('extract'))
    .description(
      'have the language model write every text that the fusion of a config needs; what is stored is kept',
    )
    .option('--forecast', 'say what it would take, and send nothing')
    .action((file: string, options: Options) => extract(file, options, terminal));
  examples(command, [
    ['coco knowledge extract kar.yaml --forecast', 'requests, tokens and cost; nothing is sent'],
    ['coco knowledge extract kar.yaml', 'all texts; stopped by Ctrl-C or a crash, the same command goes on'],
    [
      'coco knowledge extract kar.yaml --users 3000 --popular-items 2000',
      'some users only; train with the same keys: --set fusion.users=3000 --set fusion.popularItems=2000',
    ],
  ]);
}

async function extract(file: string, options: Options, terminal: Terminal): Promise<void> {
  await withExtraction(file, options, terminal, async (extraction) => {
    const before = await extraction.status();
    if (options.forecast) {
      terminal.table(statusTable(before, extraction.account));
      return;
    }
    for (const line of beforehand(before, extraction.account)) terminal.note(line);
    await extraction.run();
    terminal.table(statusTable(await extraction.status(), extraction.account));
    await listFailures(extraction, terminal);
  });
}

async function listFailures(extraction: Extraction, terminal: Terminal): Promise<void> {
  const failed = (await extraction.texts()).filter(({ failure }) => failure !== undefined);
  if (failed.length === 0) return;
  for (const { step, user, item, failure = '' } of failed.slice(0, listedFailures)) {
    terminal.note(visibleText(`No answer: ${step}, ${user ?? item ?? 'once'}: ${failure}`));
  }
  terminal.note(
    `${failed.length} in all ("coco knowledge inspect --failed" lists them): the same command asks again, ` +
      'training takes the no-text path.',
  );
}
