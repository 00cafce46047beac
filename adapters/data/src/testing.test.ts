/** What the tests of this package share. */
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type AdapterContext,
  type DataDescriptor,
  type Dataset,
  type Hasher,
  readConfig,
} from '@coco-rec/core';

export const hasher: Hasher = { sha256: (content) => createHash('sha256').update(content).digest('hex') };

/** A folder of its own for each test, removed after it. Call it in a `describe`. */
export function useFolder(): (name: string) => string {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'coco-data-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));
  return (name) => join(folder, name);
}

/** Writes a file of lines, each ended by a line break. */
export async function writeLines(path: string, ...lines: string[]): Promise<void> {
  await writeFile(path, lines.map((line) => `${line}\n`).join(''));
}

/** Loads by an importer as the config file would, and keeps what is logged. */
export async function load<Config extends object>(
  importer: DataDescriptor<Config>,
  keys: object,
): Promise<{ dataset: Dataset; logged: string[] }> {
  const logged: string[] = [];
  const context = {
    hasher,
    progress: { report: () => undefined, log: (line: string) => logged.push(line) },
  } as unknown as AdapterContext;
  return { dataset: await importer.load(readConfig(importer.config, keys, 'data'), context), logged };
}

/** Raw item ids of each user, oldest first, by raw user id. */
export function sequencesOf(dataset: Dataset): Record<string, string[]> {
  const { offsets, sequence, users, items } = dataset;
  return Object.fromEntries(
    Array.from({ length: dataset.userCount }, (_, user) => [
      users.get(user),
      Array.from(sequence.subarray(offsets[user], offsets[user + 1]), (item) => items.get(item)),
    ]),
  );
}

/** The text of a raw item id. */
export function textOf(dataset: Dataset, item: string): string | undefined {
  const index = dataset.items.indexOf(item);
  return index === undefined ? undefined : dataset.texts?.get(index);
}
