import { readFile, stat } from 'node:fs/promises';
import { CocoError, UsageError, fileErrorReason } from '@coco-rec/core';

/** @throws UsageError if there is nothing at the path, or a folder */
export async function demandFile(path: string): Promise<void> {
  const info = await stat(path).catch(() => undefined);
  if (!info) throw new UsageError(`There is no file ${path}.`);
  if (!info.isFile()) throw new UsageError(`${path} is not a file.`);
}

/** @throws UsageError if there is no such file; CocoError if it cannot be read */
export async function readBytes(path: string): Promise<Uint8Array> {
  await demandFile(path);
  return readFile(path).catch((error: unknown) => {
    throw new CocoError(`Cannot read ${path}: ${fileErrorReason(error)}.`, { cause: error });
  });
}
