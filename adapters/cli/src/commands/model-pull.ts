import { existsSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Command } from 'commander';
import { pullModel, sizeText } from '@coco-rec/standard';
import { examples } from '../options.js';
import type { Terminal } from '../terminal.js';

interface Options {
  readonly file?: string;
  readonly revision?: string;
  readonly sha256?: string;
  readonly out?: string;
}

export function addModelPull(parent: Command, terminal: Terminal): void {
  const command = parent
    .command('pull')
    .description('fetch a model, with size and hash checked; a broken download is gone on with')
    .argument('<source>', 'a Hugging Face repository id (owner/name), or a local .gguf file or model folder')
    .option('--file <name>', 'one .gguf file of the repository (default: config, tokenizer and .safetensors)')
    .option('--revision <name>', 'branch, tag or commit of the repository (default: main)')
    .option('--sha256 <hash>', 'the SHA-256 that the one file must have')
    .option('-o, --out <folder>', 'where it goes (default: models, or models/NAME for several files)')
    .action((source: string, options: Options) => pull(source, options, terminal));
  examples(command, [
    [
      'coco model pull HuggingFaceTB/SmolLM2-135M-Instruct',
      'config, tokenizer and weights, to models/SmolLM2-135M-Instruct',
    ],
    ['coco model pull owner/name-GGUF --file name.Q4_K_M.gguf --sha256 …', 'one file, pinned, to models/'],
    [
      'HF_ENDPOINT=https://mirror.example coco model pull owner/name',
      'from a mirror; HF_TOKEN is used where it is set',
    ],
    ['coco model pull ~/Downloads/name.gguf', 'a local file: checked, then copied to models/'],
  ]);
  command.addHelpText(
    'after',
    '\nPickled weights (.bin, .pt) are never taken: they can run code when they are loaded.',
  );
}

async function pull(source: string, options: Options, terminal: Terminal): Promise<void> {
  const { progress, signal } = terminal;
  const { file, revision, sha256 } = options;
  const folder = options.out ?? defaultFolder(source, file);
  const pulled = await pullModel(source, { folder, file, revision, sha256, progress, signal });
  terminal.table({
    title: pulled.commit === undefined ? source : `${source} at ${pulled.commit}`,
    columns: [{ label: 'File' }, { label: 'Size', align: 'right' }, { label: 'SHA-256' }],
    rows: pulled.files.map(({ name, bytes, sha256: found }) => [name, sizeText(bytes), found]),
  });
  const path = relative('', pulled.path);
  terminal.print(
    `Use it with  knowledge: { id: local, model: ${path.startsWith('..') ? pulled.path : path} }`,
  );
}

/** One file goes to models/, several to a folder of their own in it. */
function defaultFolder(source: string, file: string | undefined): string {
  if (file !== undefined || (existsSync(source) && statSync(source).isFile())) return 'models';
  return join(
    'models',
    source
      .replace(/[/\\]+$/, '')
      .split(/[/\\]/)
      .at(-1) ?? source,
  );
}
