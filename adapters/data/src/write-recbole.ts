import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { CocoError, type Dataset } from '@coco-rec/core';
import { encodeLines, writeFileAtomically } from './write-file.js';

/**
 * Writes a data set as RecBole atomic files: NAME.inter (user_id, item_id, timestamp) and, where there are texts,
 * NAME.item (item_id, title). Without times the timestamp is the rank in the user's history: 1, 2, 3 … Each file is
 * written whole or not at all; one that is already there with the same content is left as it is.
 * @param folder made where it is missing @returns the paths
 * @throws CocoError if an id has a tab or a line break, or a file with the same name has another content
 */
export async function writeRecBole(dataset: Dataset, folder: string): Promise<string[]> {
  const name = dataset.name.replace(/[^\p{L}\p{N}._-]+/gu, '-') || 'data';
  const files = [
    { path: resolve(join(folder, `${name}.inter`)), content: encodeLines(interactionLines(dataset)) },
  ];
  if (dataset.texts) {
    files.push({ path: resolve(join(folder, `${name}.item`)), content: encodeLines(itemLines(dataset)) });
  }
  const missing: typeof files = [];
  for (const file of files) if (!(await isThere(file.path, file.content))) missing.push(file);
  for (const { path, content } of missing) await writeFileAtomically(path, content);
  return files.map(({ path }) => path);
}

/** True where the file is there with this content. @throws CocoError where its content is another */
async function isThere(path: string, content: Uint8Array): Promise<boolean> {
  const old = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw new CocoError(`Cannot read ${path} (${error.message}).`, { cause: error });
  });
  if (!old) return false;
  if (old.equals(content)) return true;
  throw new CocoError(`${path} is there already, with another content: choose another folder or remove it.`);
}

function* interactionLines(dataset: Dataset): Generator<string> {
  const { offsets, sequence, times, users, items } = dataset;
  yield 'user_id:token\titem_id:token\ttimestamp:float';
  for (let user = 0; user < dataset.userCount; user++) {
    const id = checkedId(users.get(user), 'user');
    for (let i = offsets[user]; i < offsets[user + 1]; i++) {
      const time = times ? times[i] : i - offsets[user] + 1;
      yield `${id}\t${checkedId(items.get(sequence[i]), 'item')}\t${time}`;
    }
  }
}

function* itemLines({ itemCount, items, texts }: Dataset): Generator<string> {
  yield 'item_id:token\ttitle:token_seq';
  // Texts of a data set are clean: no tab, no line break.
  for (let item = 1; item <= itemCount; item++)
    yield `${checkedId(items.get(item), 'item')}\t${texts!.get(item)}`;
}

function checkedId(id: string, what: string): string {
  if (!/[\t\n\r\0]/.test(id)) return id;
  throw new CocoError(
    `The ${what} id ${JSON.stringify(id)} has a tab or a line break: a RecBole file cannot hold it.`,
  );
}
