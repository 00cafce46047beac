import { type Command, InvalidArgumentError, Option } from 'commander';
import { describedKeys } from '@coco-rec/core';
import { builtInUnits, simulateShopFile } from '@coco-rec/standard';
import { requireFree } from '../free-place.js';
import { examples } from '../options.js';
import type { Terminal } from '../terminal.js';

interface Options extends Readonly<Record<string, unknown>> {
  readonly out: string;
  readonly force?: boolean;
}

export function addDataSimulate(parent: Command, terminal: Terminal): void {
  const command = parent
    .command('simulate')
    .description('make up a shop: items with titles, users with drifting tastes; its best predictor is known')
    .requiredOption('-o, --out <file>', 'file that the shop goes into')
    .option('--force', 'overwrite it')
    .action((options: Options) => simulate(options, terminal));
  for (const option of simulationOptions()) command.addOption(option);
  examples(command, [
    ['coco data simulate --out shop.shop.jsonl', 'the default shop; prints its SHA-256'],
    [
      'coco data simulate --items 200 --users 500 --seed 2 --out small.shop.jsonl',
      'a smaller one, another seed',
    ],
  ]);
}

/** The numbers of the format shop, as options: meanLength is --mean-length. */
function simulationOptions(): Option[] {
  const shop = builtInUnits.find(({ kind, id }) => kind === 'data' && id === 'shop');
  const keys = shop ? describedKeys(shop.config) : [];
  return keys
    .filter(({ value }) => typeof value === 'number')
    .map(({ key, text, value }) => {
      const flag = key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
      const plain = text.replace(/\.$/, '');
      return new Option(`--${flag} <number>`, plain).argParser(number).default(undefined, String(value));
    });
}

function number(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('Give a number.');
  return value;
}

async function simulate({ out, force, ...keys }: Options, terminal: Terminal): Promise<void> {
  await requireFree(out, force);
  const given = Object.entries(keys).filter(([, value]) => value !== undefined);
  const sha256 = await simulateShopFile(Object.fromEntries(given), out);
  terminal.print(`${sha256}  ${out}`);
  terminal.note(`Use it with  data: { format: shop, path: ${out} }`);
}
