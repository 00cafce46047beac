import type { Command } from 'commander';
import { installEngine } from '@coco-rec/standard';
import { examples } from '../options.js';
import type { Terminal } from '../terminal.js';

export function addEngineInstall(parent: Command, terminal: Terminal): void {
  const command = parent
    .command('install')
    .description('install native TensorFlow into a cache folder that npm ci keeps')
    .option('--gpu', 'the build for CUDA')
    .action((options: { gpu?: boolean }) => install(options, terminal));
  examples(command, [
    ['coco engine install', 'for the processor'],
    ['coco engine install --gpu', 'for an NVIDIA GPU'],
  ]);
}

async function install({ gpu }: { gpu?: boolean }, terminal: Terminal): Promise<void> {
  const { progress, signal } = terminal;
  terminal.print(await installEngine({ gpu, progress, signal }));
}
