import { type Command, InvalidArgumentError, Option } from 'commander';
import { type PlainConfig, applyOverrides, readConfigFile } from '@coco-rec/standard';

/** Adds examples below a command's help, each with what it does. */
export function examples(command: Command, list: readonly (readonly [string, string])[]): Command {
  const lines = list.map(([line, meaning]) => `  $ ${line}\n      ${meaning}`);
  return command.addHelpText('after', `\nExamples:\n${lines.join('\n')}`);
}

/** `--set key=value`, as often as wanted. */
export function setOption(text = 'override a key of the config'): Option {
  return new Option('-s, --set <key=value>', `${text}; may be given again`)
    .argParser((value: string, previous: string[]) => [...previous, value])
    .default([], 'none');
}

/** What every command that takes a config is given. */
export interface ConfigOptions {
  readonly set: readonly string[];
}

/** The config file with the overrides of the command line. */
export async function configOf(path: string, { set }: ConfigOptions): Promise<PlainConfig> {
  return applyOverrides(await readConfigFile(path), set, (text) => console.error(text));
}

/** A whole number from 1. */
export function count(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || !Number.isSafeInteger(value)) {
    throw new InvalidArgumentError('Give a whole number from 1.');
  }
  return value;
}

/** A whole number from 0. */
export function wholeNumber(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value))
    throw new InvalidArgumentError('Give a whole number from 0.');
  return value;
}

/** Item ids between commas; blanks around them do not count. '' is an empty list. */
export function idList(text: string): string[] {
  return text
    .split(',')
    .map((id) => id.trim())
    .filter((id) => id !== '');
}
