import { constants } from 'node:fs';
import { copyFile, mkdir, readdir, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { CocoError, UsageError } from '@coco-rec/core';
import { checkReadable } from './check-readable.js';
import { explainWrite } from './explain-write.js';
import { hashFile } from './hash-file.js';
import type { PulledFile, PulledModel } from './pull-model.js';

const copied = /\.(json|txt|safetensors|gguf)$/;

export interface CopyOptions {
  readonly folder: string;
  readonly sha256?: string;
  readonly signal?: AbortSignal;
}

/** Copies a .gguf file or a model folder after it was seen that it can be read; no file appears half. */
export async function copyModel(source: string, options: CopyOptions): Promise<PulledModel> {
  checkReadable(source);
  const isFolder = (await stat(source)).isDirectory();
  const names = isFolder
    ? (await readdir(source)).filter((name) => copied.test(name)).sort()
    : [basename(source)];
  const folder = resolve(options.folder);
  const from = isFolder ? resolve(source) : resolve(source, '..');
  const places = await Promise.all([from, folder].map((path) => realpath(path).catch(() => path)));
  if (places[0] === places[1]) throw new UsageError(`${source} is in ${options.folder} already.`);
  const files: PulledFile[] = [];
  for (const name of names) files.push(await copyOne(join(from, name), join(folder, name), options));
  return { path: isFolder ? folder : join(folder, names[0]), files };
}

async function copyOne(from: string, to: string, { sha256, signal }: CopyOptions): Promise<PulledFile> {
  const { size } = await stat(from);
  const wanted = await hashFile(from, size, signal);
  if (sha256 !== undefined && wanted.sha256 !== sha256.toLowerCase()) {
    throw new CocoError(`${from} has SHA-256 ${wanted.sha256} instead of ${sha256}: nothing was copied.`);
  }
  const file = { name: basename(to), bytes: size, sha256: wanted.sha256 };
  if (await keepsSame(to, wanted.sha256, signal)) return file;
  const temporary = `${to}.part`;
  try {
    await mkdir(resolve(to, '..'), { recursive: true });
    await copyFile(from, temporary, constants.COPYFILE_FICLONE);
    const found = await hashFile(temporary, size, signal);
    if (found.sha256 !== wanted.sha256)
      throw new CocoError(`${from} changed while it was copied: run it again.`);
    await rename(temporary, to);
    return file;
  } catch (error) {
    await rm(temporary, { force: true });
    if (signal?.aborted) throw error;
    throw explainWrite(error, to);
  }
}

/** @returns whether that very content is there @throws UsageError if another content is */
export async function keepsSame(path: string, sha256: string, signal?: AbortSignal): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  if (!found) return false;
  if (found.isFile() && (await hashFile(path, found.size, signal)).sha256 === sha256) return true;
  throw new UsageError(
    `${path} is there with another content and is left as it is: choose another folder with --out.`,
  );
}
