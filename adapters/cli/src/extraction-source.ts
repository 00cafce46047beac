import { type Command, Option } from 'commander';
import type { ServiceAccount } from '@coco-rec/core';
import { Extraction, type ExtractionStep, type Table, applyOverrides } from '@coco-rec/standard';
import { accountNote, dollars, forecastNotes } from './account-notes.js';
import { type ConfigOptions, configOf, count, setOption, wholeNumber } from './options.js';
import type { Terminal } from './terminal.js';

/** Options of every command that looks at a fusion's texts. */
export interface ExtractionOptions extends ConfigOptions {
  readonly users?: number;
  readonly popularItems?: number;
}

const usersOption = (): Option =>
  new Option(
    '--users <number>',
    'users that get a text, drawn by seed: short for --set fusion.users',
  ).argParser(count);

const popularItemsOption = (): Option =>
  new Option(
    '--popular-items <number>',
    'most popular items beside those of these users: short for --set fusion.popularItems',
  ).argParser(wholeNumber);

export const outliersOption = (): Option =>
  new Option(
    '--outliers',
    'flag texts that lie far from all others even where a service that may charge has to read them',
  );

/** The config file, and the options that such a command has beside its own. */
export function takesExtraction(command: Command): Command {
  return command
    .argument('<file>', 'config file (YAML or JSON)')
    .addOption(usersOption())
    .addOption(popularItemsOption())
    .addOption(setOption());
}

/** Runs `use` with the extraction that a config file names, and frees it. */
export async function withExtraction<T>(
  file: string,
  options: ExtractionOptions,
  { progress, signal }: Terminal,
  use: (extraction: Extraction) => Promise<T>,
): Promise<T> {
  const { users, popularItems } = options;
  const overrides = [
    ...(users === undefined ? [] : [`fusion.users=${users}`]),
    ...(popularItems === undefined ? [] : [`fusion.popularItems=${popularItems}`]),
  ];
  const config = applyOverrides(await configOf(file, options), overrides);
  const extraction = await Extraction.open(config, { progress, signal });
  try {
    return await use(extraction);
  } finally {
    extraction.dispose();
  }
}

const whole = (value: number): string => (Number.isFinite(value) ? value.toLocaleString('en') : '–');

/** What is written, what the rest takes at most, and what a service was paid. */
export function statusTable(steps: readonly ExtractionStep[], account: ServiceAccount | undefined): Table {
  const right = { align: 'right' } as const;
  return {
    title: 'Generated texts',
    columns: [
      { label: 'Step' },
      ...['texts', 'written', 'failed', 'flagged', 'tokens', 'spent', 'left', 'tokens left', 'cost left'].map(
        (label) => ({ label, ...right }),
      ),
    ],
    rows: steps.map(({ step, texts, written, failed, flagged, tokens, cost, forecast }) => [
      step,
      ...[texts, written, failed, flagged, tokens].map(whole),
      dollars(cost),
      whole(texts - written),
      whole(forecast ? forecast.promptTokens + forecast.answerTokens : 0),
      dollars(forecast?.cost ?? 0),
    ]),
    notes: [
      ...(steps.some(({ forecast }) => forecast) ? ['What is left is counted without retries.'] : []),
      ...(steps.some(({ waiting }) => waiting > 0)
        ? ['What is left is an upper bound: some prompts wait for answers, and may not be needed.']
        : []),
      ...forecastNotes(steps, account),
      ...(account ? [accountNote(account)] : []),
    ],
  };
}
