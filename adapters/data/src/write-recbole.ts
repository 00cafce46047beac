import { readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { CocoError, type Dataset } from '@coco-rec/core';
import { encodeLines, writeFileAtomically } from './write-file.js';

/**
 * Writes a data set as RecBole atomic files: NAME.inter, and NAME.item where there are texts; NAME is the folder's.
 * Where the source has no times, the place in the history stands for the time.
 * @returns the paths written
 * @throws CocoError for an id with a tab or a line break, or where a file cannot be written
 */
export async function writeRecBole(dataset: Dataset, folder: string): Promise<string[]> {
  const name = basename(resolve(folder));
  const files = [{ path: join(folder, `${name}.inter`), content: encodeLines(interactionLines(dataset)) }];
  if (dataset.texts) files.push({ path: join(folder, `${name}.item`), content: encodeLines(itemLines(dataset)) });
  for (const { path, content } of files) {
    const found = await readFile(path).catch(() => undefined);
    if (!found?.equals(content)) await writeFileAtomically(path, content);
  }
  return files.map(({ path }) => path);
}

function* interactionLines({ userCount, offsets, sequence, times, users, items }: Dataset): Generator<string> {
  yield 'user_id:token\titem_id:token\ttimestamp:float';
  for (let user = 0; user < userCount; user++) {
    const id = plain(users.get(user), 'user');
    for (let at = offsets[user]; at < offsets[user + 1]; at++) {
      const time = times ? times[at] : at - offsets[user] + 1;
      yield `${id}\t${plain(items.get(sequence[at]), 'item')}\t${time}`;
    }
  }
}

function* itemLines({ itemCount, items, texts, attributes }: Dataset): Generator<string> {
  yield attributes ? 'item_id:token\ttitle:token_seq\tattributes:token_seq' : 'item_id:token\ttitle:token_seq';
  for (let item = 1; item <= itemCount; item++) {
    const own = attributes?.values.subarray(attributes.offsets[item], attributes.offsets[item + 1]);
    const fields = [plain(items.get(item), 'item'), texts?.get(item) ?? ''];
    yield [...fields, ...(own ? [Array.from(own).join(' ')] : [])].join('\t');
  }
}

function plain(id: string, what: string): string {
  if (/[\t\r\n]/.test(id)) {
    throw new CocoError(`The ${what} id ${JSON.stringify(id)} has a tab or a line break: RecBole files cannot hold it.`);
  }
  return id;
}
