import { readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { CocoError, type Progress, StoppedError, UsageError } from '@coco-rec/core';
import { configFromJson } from '../model-config.js';
import { checkReadable } from './check-readable.js';
import { checkFileName, chooseFiles } from './choose-files.js';
import { copyModel } from './copy-model.js';
import { downloadFile } from './download-file.js';
import { hashFile } from './hash-file.js';
import {
  type HubAccess,
  type RemoteFile,
  type RemoteRepository,
  fileUrl,
  hubAccess,
  listRepository,
} from './hugging-face.js';
import { sizeText } from './size-text.js';

export interface PullOptions {
  /** Folder that the files go into; made if it is missing. */
  readonly folder: string;
  /** The one .gguf of the repository that is wanted. Default: config, tokenizer and .safetensors. */
  readonly file?: string;
  /** Branch, tag or commit. Default: main. */
  readonly revision?: string;
  /** SHA-256 that the one file must have, beside what the repository states. */
  readonly sha256?: string;
  readonly progress?: Progress;
  readonly signal?: AbortSignal;
}

export interface PulledFile {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface PulledModel {
  /** What `knowledge.model` in a config takes: the .gguf file, or the folder. */
  readonly path: string;
  readonly files: readonly PulledFile[];
  /** Commit of the repository; absent for a local source. */
  readonly commit?: string;
}

/**
 * Brings a model into a folder: from a Hugging Face repository ("owner/name"; HF_ENDPOINT and HF_TOKEN are heeded), or
 * from a local .gguf file or model folder. Sizes and hashes are checked, a broken download is gone on with, a file with
 * another content is never overwritten, and in the end the model is opened. Pickled weights are never taken.
 * @throws UsageError on a wrong source or option; CocoError if it cannot be had or read; StoppedError by the signal
 */
export async function pullModel(source: string, options: PullOptions): Promise<PulledModel> {
  try {
    return await pull(source, options);
  } catch (error) {
    if (!options.signal?.aborted) throw error;
    throw new StoppedError('Stopped. What came so far is kept: the same command goes on from there.', {
      cause: error,
    });
  }
}

async function pull(source: string, options: PullOptions): Promise<PulledModel> {
  const { file, sha256 } = options;
  if (sha256 !== undefined && !/^[0-9a-f]{64}$/i.test(sha256)) {
    throw new UsageError(`--sha256 ${sha256}: a SHA-256 has 64 hexadecimal digits.`);
  }
  const found = await stat(source).catch(() => undefined);
  const isOne = found ? found.isFile() : file !== undefined;
  if (sha256 !== undefined && !isOne) throw new UsageError('--sha256 is for one file: name it with --file.');
  if (found) {
    if (file ?? options.revision)
      throw new UsageError(`${source} is here: --file and --revision are for repositories.`);
    return copyModel(source, options);
  }
  if (!/^[\w-][\w.-]*\/[\w-][\w.-]*$/.test(source) || /\.(gguf|safetensors|json)$/.test(source)) {
    throw new UsageError(
      `There is no file or folder ${source}, and it is no repository id such as owner/name.`,
    );
  }
  if (file !== undefined) checkFileName(file);
  return pullRepository(source, options);
}

async function pullRepository(id: string, options: PullOptions): Promise<PulledModel> {
  const access = hubAccess(options.signal);
  const repository = await listRepository(id, options.revision ?? 'main', access);
  const chosen = chooseFiles(repository, options.file);
  const total = chosen.reduce((sum, { size }) => sum + size, 0);
  options.progress?.log(`${id}: ${chosen.length} file${chosen.length > 1 ? 's' : ''}, ${sizeText(total)}.`);
  const files: PulledFile[] = [];
  let before = 0;
  for (const file of chosen) {
    const onBytes = (done: number): void => {
      options.progress?.report(
        `pull ${id}`,
        before + done,
        total,
        `${basename(file.path)}, ${sizeText(before + done)}`,
      );
    };
    files.push(await pullFile({ repository, file, options, access, onBytes }));
    before += file.size;
    onBytes(0);
    if (file.path === 'config.json') checkConfigFile(join(options.folder, 'config.json'));
  }
  const path =
    options.file === undefined ? resolve(options.folder) : join(resolve(options.folder), files[0].name);
  checkReadable(path);
  return { path, files, commit: repository.commit };
}

async function pullFile(input: {
  repository: RemoteRepository;
  file: RemoteFile;
  options: PullOptions;
  access: HubAccess;
  onBytes: (done: number) => void;
}): Promise<PulledFile> {
  const { repository, file, options, access, onBytes } = input;
  const name = basename(file.path);
  const target = join(resolve(options.folder), name);
  const kept = await sameFile(target, file, options);
  if (kept) return { name, bytes: file.size, sha256: kept };
  const url = fileUrl(repository, file.path, access);
  const { sha256 } = await downloadFile({ url, file, target, sha256: options.sha256, access, onBytes });
  return { name, bytes: file.size, sha256 };
}

/** @returns the SHA-256 of the file if it is there as the repository has it @throws UsageError if another is there */
async function sameFile(target: string, file: RemoteFile, options: PullOptions): Promise<string | undefined> {
  const found = await stat(target).catch(() => undefined);
  if (!found) return undefined;
  const hashes = found.size === file.size ? await hashFile(target, found.size, options.signal) : undefined;
  const isSame = hashes && (file.sha256 ? hashes.sha256 === file.sha256 : hashes.gitBlob === file.gitBlob);
  if (!isSame) {
    throw new UsageError(
      `${target} is there with another content and is left as it is: choose another folder with --out.`,
    );
  }
  if (options.sha256 !== undefined && options.sha256.toLowerCase() !== hashes.sha256) {
    throw new CocoError(`${target} has SHA-256 ${hashes.sha256} instead of ${options.sha256}.`);
  }
  return hashes.sha256;
}

/** A model of an architecture that is not read need not be fetched whole. */
function checkConfigFile(path: string): void {
  let json: Record<string, unknown>;
  try {
    json = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  } catch (error) {
    throw new CocoError(`${path} is not valid JSON.`, { cause: error });
  }
  configFromJson(json, path);
}
