import type { Command } from 'commander';
import { CocoError } from '@coco-rec/core';
import { checkModelFolder } from '@coco-rec/standard';
import { examples } from '../options.js';
import type { Terminal } from '../terminal.js';

interface Options {
  readonly engine: string;
  readonly json?: boolean;
}

export function addModelCheck(parent: Command, terminal: Terminal): void {
  const command = parent
    .command('check')
    .description('compare a model with the reference values beside it, gradients included')
    .argument('<folder>', 'a model folder with golden.safetensors')
    .option('-e, --engine <id>', 'engine that computes', 'auto')
    .option('--json', 'print it as JSON')
    .action((folder: string, options: Options) => check(folder, options, terminal));
  examples(command, [
    [
      'coco model check models/llama-tiny',
      'the largest relative error of each tensor; exit code 1 past a tolerance',
    ],
    ['coco model check models/llama-tiny --engine wasm', 'the same, computed by another engine'],
  ]);
}

async function check(folder: string, { engine, json }: Options, terminal: Terminal): Promise<void> {
  const { tensors, engine: used } = await checkModelFolder(folder, engine);
  if (json) {
    terminal.print(JSON.stringify({ engine: used, tensors }, null, 2));
  } else {
    terminal.table({
      title: `${folder}, computed by ${used}`,
      columns: [
        { label: 'Tensor' },
        { label: 'Largest relative error', align: 'right' },
        { label: 'Tolerance', align: 'right' },
        { label: '' },
      ],
      rows: tensors.map(({ name, error, tolerance, passed }) => [
        name,
        error.toExponential(2),
        tolerance.toExponential(0),
        passed ? 'good' : 'too large',
      ]),
    });
  }
  const failed = tensors.filter(({ passed }) => !passed).map(({ name }) => name);
  if (failed.length > 0) throw new CocoError(`${folder} is past the tolerance in ${failed.join(', ')}.`);
}
