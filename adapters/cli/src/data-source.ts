import { stat } from 'node:fs/promises';
import { Option } from 'commander';
import { UsageError } from '@coco-rec/core';
import { type PlainConfig, applyOverrides } from '@coco-rec/standard';
import { type ConfigOptions, configOf } from './options.js';

/** Options of commands that read data. */
export interface DataOptions extends ConfigOptions {
  readonly format?: string;
}

export const formatOption = (): Option =>
  new Option('-f, --format <id>', 'what a path is: recbole, csv, jsonl, shop (default: by its name)');

/** Importers by the names of files; folders are RecBole's. */
const formats: readonly (readonly [RegExp, string])[] = [
  [/\.inter(\.gz)?$/, 'recbole'],
  [/\.csv(\.gz)?$/, 'csv'],
  [/\.shop\.jsonl(\.gz)?$/, 'shop'],
  [/\.jsonl(\.gz)?$/, 'jsonl'],
];

/**
 * A config with the data of FILE: the config file itself, or a path whose format is given or known by its name.
 * @throws UsageError if neither
 */
export async function dataConfigOf(path: string, options: DataOptions): Promise<PlainConfig> {
  const isConfig = options.format === undefined && /\.(ya?ml|json)$/.test(path);
  if (isConfig) return configOf(path, options);
  const found = await stat(path).catch(() => undefined);
  if (!found) throw new UsageError(`There is no file or folder ${path}.`);
  const guessed = found.isDirectory() ? 'recbole' : formats.find(([pattern]) => pattern.test(path))?.[1];
  const format = options.format ?? guessed;
  if (format === undefined) {
    throw new UsageError(
      `${path} is no config file by its name (.yaml, .json): say what it is with --format.`,
    );
  }
  return applyOverrides({ data: { format, path } }, options.set);
}
