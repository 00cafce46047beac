import { stat } from 'node:fs/promises';
import { CocoError, type ExternalFile, fileErrorReason } from '@coco-rec/core';
import { hashFiles } from '@coco-rec/llm';

/** Size and SHA-256 of files, read in pieces. @throws CocoError if one cannot be read */
export async function describeFiles(paths: readonly string[]): Promise<ExternalFile[]> {
  const described: ExternalFile[] = [];
  for (const path of paths) described.push(await describeFile(path));
  return described;
}

async function describeFile(path: string): Promise<ExternalFile> {
  try {
    const { size } = await stat(path);
    return { path, size, sha256: await hashFiles([path]) };
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const message = missing ? `There is no file ${path}.` : `Cannot read ${path}: ${fileErrorReason(error)}.`;
    throw new CocoError(message, { cause: error });
  }
}

/**
 * Holds the files that a saved model was made from to those that are there now.
 * @param owner of the hashes: "The model in runs/x"
 * @param now by place; a file may have moved, but not changed
 * @throws CocoError for one that is another
 */
export function demandSameFiles(
  owner: string,
  then: readonly ExternalFile[],
  now: readonly ExternalFile[],
): void {
  const names = (files: readonly ExternalFile[]): string =>
    files.map(({ path }) => path).join(', ') || 'none';
  if (then.length !== now.length) {
    throw new CocoError(
      `${owner} was made from the files ${names(then)}, but the config names ${names(now)}.`,
    );
  }
  then.forEach((old, i) => {
    if (old.sha256 === now[i].sha256) return;
    throw new CocoError(
      `${owner} was made from ${old.path} as it was with ${shown(old)}; ${now[i].path} has ${shown(now[i])}. ` +
        'Put the old file back, or train anew.',
    );
  });
}

const shown = ({ size, sha256 }: ExternalFile): string =>
  `${size.toLocaleString('en')} bytes and SHA-256 ${sha256.slice(0, 12)}…`;

/** The same for files at their old places, before anything is read from them. @throws CocoError if one is missing, too */
export async function demandUnchangedFiles(owner: string, then: readonly ExternalFile[]): Promise<void> {
  for (const old of then) {
    const now = await describeFile(old.path).catch((error: unknown) => {
      const { message } = error as CocoError;
      throw new CocoError(`${owner} needs ${old.path}. ${message} Put it back, or train anew.`, {
        cause: error,
      });
    });
    demandSameFiles(owner, [old], [now]);
  }
}
