import { CocoError, UsageError, nearestName } from '@coco-rec/core';
import type { RemoteFile, RemoteRepository } from './hugging-face.js';

const wantedNames: readonly RegExp[] = [
  /^(config|generation_config|tokenizer|tokenizer_config|special_tokens_map|added_tokens|vocab)\.json$/,
  /^merges\.txt$/,
  /^model(-\d+-of-\d+)?\.safetensors$/,
  /^model\.safetensors\.index\.json$/,
];

/** Files that run code when they are loaded. */
const pickle = /\.(bin|pt|pth|ckpt|pkl|pickle)$/;

const noPickle = 'pickle files can run code when they are loaded, so they are never taken';

/**
 * The files of a repository that are a model: config, tokenizer and safetensors, or the one .gguf that is asked for.
 * Small files come first, so that a model that cannot be read is known before its weights are fetched.
 * @throws CocoError where there are only pickled weights or only .gguf files, naming what there is
 */
export function chooseFiles(repository: RemoteRepository, wanted?: string): RemoteFile[] {
  if (wanted !== undefined) return [chooseOne(repository, wanted)];
  const { id, files } = repository;
  const chosen = files.filter(({ path }) => wantedNames.some((pattern) => pattern.test(path)));
  if (!chosen.some(({ path }) => path.endsWith('.safetensors'))) throw noWeights(repository);
  if (!chosen.some(({ path }) => path === 'config.json')) {
    throw new CocoError(`${id} has no config.json: it is no model that can be read.`);
  }
  // A single file and shards hold the same: the single file is what is read.
  const isSingle = chosen.some(({ path }) => path === 'model.safetensors');
  const isShard = (path: string): boolean => /^model-|\.index\.json$/.test(path);
  return chosen.filter(({ path }) => !isSingle || !isShard(path)).sort((a, b) => a.size - b.size);
}

/** @throws UsageError for a name that is no .gguf */
export function checkFileName(name: string): void {
  if (pickle.test(name))
    throw new UsageError(`--file ${name}: ${noPickle}; choose a .gguf, or a repository with .safetensors.`);
  if (!name.endsWith('.gguf')) {
    throw new UsageError(
      `--file ${name}: name one .gguf file; without --file the .safetensors come with all they need.`,
    );
  }
}

function chooseOne({ id, files }: RemoteRepository, wanted: string): RemoteFile {
  checkFileName(wanted);
  const found = files.find(({ path }) => path === wanted);
  if (found) return found;
  const known = ggufNames(files);
  const near = nearestName(wanted, known);
  const hint = near
    ? `Did you mean "${near}"?`
    : known.length > 0
      ? `It has ${listed(known)}.`
      : 'It has no .gguf file.';
  throw new CocoError(`${id} has no file ${wanted}. ${hint}`);
}

function noWeights({ id, files }: RemoteRepository): CocoError {
  const gguf = ggufNames(files);
  if (gguf.length > 0)
    return new CocoError(`${id} holds .gguf files: choose one with --file, such as ${listed(gguf)}.`);
  const pickled = files.find(({ path }) => pickle.test(path));
  if (pickled) {
    return new CocoError(
      `${id} holds its weights as ${pickled.path} only: ${noPickle}; choose a repository with .safetensors.`,
    );
  }
  return new CocoError(`${id} holds neither .safetensors nor .gguf files: it is no model that can be read.`);
}

function ggufNames(files: readonly RemoteFile[]): string[] {
  return files.map(({ path }) => path).filter((path) => path.endsWith('.gguf'));
}

function listed(names: readonly string[]): string {
  const more = names.length > 6 ? ` and ${names.length - 6} more` : '';
  return `${names.slice(0, 6).join(', ')}${more}`;
}
