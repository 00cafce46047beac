import type { Command } from 'commander';
import { type ExtractedText, visibleText } from '@coco-rec/standard';
import {
  type ExtractionOptions,
  outliersOption,
  takesExtraction,
  withExtraction,
} from '../extraction-source.js';
import { count, examples } from '../options.js';
import type { Terminal } from '../terminal.js';

interface Options extends ExtractionOptions {
  readonly user?: string;
  readonly item?: string;
  readonly step?: string;
  readonly failed?: boolean;
  readonly flagged?: boolean;
  readonly outliers?: boolean;
  readonly count: number;
}

export function addKnowledgeInspect(parent: Command, terminal: Terminal): void {
  const command = takesExtraction(parent.command('inspect'))
    .description('read the texts that are stored, with their prompts and what was shown')
    .option('--user <id>', 'texts on this user only')
    .option('--item <id>', 'texts on this item only')
    .option('--step <words>', 'steps whose name holds these words only')
    .option('--failed', 'prompts without answer only')
    .option('--flagged', 'odd texts only: they repeat instructions, or lie far from all others')
    .addOption(outliersOption())
    .option('-n, --count <number>', 'so many at most', count, 5)
    .action((file: string, options: Options) => inspect(file, options, terminal));
  examples(command, [
    ['coco knowledge inspect kar.yaml', 'the first five texts'],
    ['coco knowledge inspect kar.yaml --user A1B2 --item i17', 'all on one user and one item'],
    ['coco knowledge inspect kar.yaml --flagged -n 50', 'the odd ones'],
  ]);
}

async function inspect(file: string, options: Options, terminal: Terminal): Promise<void> {
  const texts = await withExtraction(file, options, terminal, (extraction) =>
    extraction.texts({ outliers: options.outliers ? 'any' : options.flagged ? 'free' : undefined }),
  );
  const chosen = texts.filter((text) => isChosen(text, options));
  for (const text of chosen.slice(0, options.count)) show(text, terminal);
  terminal.note(`${Math.min(options.count, chosen.length)} of ${chosen.length} shown.`);
}

function isChosen({ step, user, item, beside, failure, flags }: ExtractedText, options: Options): boolean {
  if (options.user !== undefined || options.item !== undefined) {
    const isUser = options.user !== undefined && [user, beside?.user].includes(options.user);
    const isItem = options.item !== undefined && item === options.item;
    if (!isUser && !isItem) return false;
  }
  if (options.step !== undefined && !step.includes(options.step)) return false;
  if (options.failed && failure === undefined) return false;
  return !options.flagged || flags.length > 0;
}

/** What stands in a text is a stranger's: control characters are shown, not sent to the terminal. */
function show(text: ExtractedText, terminal: Terminal): void {
  const { step, user, item, shownUntil, beside, template, model, prompt, flags } = text;
  const other = beside ? `, beside ${beside.user}, the first ${beside.shownUntil}` : '';
  const about = user === undefined ? item : `${user}, shown the first ${shownUntil} interactions${other}`;
  const marks = flags.length > 0 ? `, flagged: ${flags.join(', ')}` : '';
  terminal.print(terminal.colours.bold(visibleText(`${step}${about === undefined ? '' : `: ${about}`}`)));
  terminal.print(terminal.colours.dim(visibleText(`template ${template}, model ${model}${marks}`)));
  for (const line of prompt.split('\n')) terminal.print(terminal.colours.dim(`  | ${visibleText(line)}`));
  const answer = text.text ?? `(no answer: ${text.failure ?? ''})`;
  for (const line of answer.split('\n')) terminal.print(`  ${visibleText(line)}`);
  terminal.print();
}
