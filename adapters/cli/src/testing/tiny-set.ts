import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Random } from '@coco-rec/core';

/** Writes a RecBole set of some hundred interactions: 80 users who mostly walk up a ring of 30 items. */
export async function writeTinySet(folder: string): Promise<void> {
  const random = new Random(7);
  const lines = ['user_id:token\titem_id:token\ttimestamp:float'];
  for (let user = 0; user < 80; user++) {
    let item = random.integer(30);
    const length = 4 + random.integer(5);
    for (let time = 1; time <= length; time++) {
      lines.push(`u${user}\ti${item}\t${time}`);
      item = (item + [1, 1, 1, 2, 7][random.integer(5)]) % 30;
    }
  }
  const items = ['item_id:token\ttitle:token_seq'];
  for (let item = 0; item < 30; item++) items.push(`i${item}\tThing number ${item} <b>bold</b>`);
  await mkdir(join(folder, 'tiny'), { recursive: true });
  await writeFile(join(folder, 'tiny', 'tiny.inter'), `${lines.join('\n')}\n`);
  await writeFile(join(folder, 'tiny', 'tiny.item'), `${items.join('\n')}\n`);
}

/** A config of that set: a tiny SASRec on the WASM engine. @param more lines put at the end */
export async function writeTinyConfig(
  folder: string,
  name: string,
  more: readonly string[] = [],
): Promise<void> {
  const lines = [
    'data: { format: recbole, path: tiny, text: [title] }',
    'backbone: { id: sasrec, dimension: 8 }',
    'train: { epochs: 3, warmEpochs: 1, usersPerStep: 16, warmupSteps: 5 }',
    'evaluate: { topK: [5, 10], filter: none }',
    'engine: wasm',
    'seed: 1',
  ];
  await writeFile(join(folder, name), `${[...lines, ...more].join('\n')}\n`);
}
