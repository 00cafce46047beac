import { existsSync, readFileSync, statSync } from 'node:fs';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

const manifestName = 'complete.json';

/** @returns whether the folder was published and the files of its manifest still have their sizes. */
export function isPublished(folder: string): boolean {
  try {
    const manifest = JSON.parse(readFileSync(join(folder, manifestName), 'utf8')) as Record<string, number>;
    return Object.entries(manifest).every(([file, size]) => statSync(join(folder, file)).size === size);
  } catch {
    return false;
  }
}

/**
 * Fills a folder that appears whole or not at all: built beside its place and renamed. Of two processes that do so at
 * once, the first wins and both go on. After a failure nothing is left.
 * @param files those whose sizes tell, later, whether the folder is whole
 */
export async function publishFolder(
  folder: string,
  files: readonly string[],
  fill: (temporary: string) => Promise<void>,
): Promise<void> {
  await mkdir(dirname(folder), { recursive: true });
  await removeAbandoned(dirname(folder));
  const temporary = `${folder}.partial-${process.pid}`;
  await rm(temporary, { recursive: true, force: true });
  await mkdir(temporary);
  try {
    await fill(temporary);
    const sizes = Object.fromEntries(files.map((file) => [file, statSync(join(temporary, file)).size]));
    await writeFile(join(temporary, manifestName), JSON.stringify(sizes, undefined, 2));
    if (isPublished(folder)) return;
    await rm(folder, { recursive: true, force: true });
    await rename(temporary, folder).catch((error: unknown) => {
      if (!isPublished(folder)) throw error;
    });
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** Removes what processes that no longer run left behind. */
async function removeAbandoned(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const pid = /\.partial-(\d+)$/.exec(basename(name))?.[1];
    if (pid && !existsSync(`/proc/${pid}`)) await rm(join(parent, name), { recursive: true, force: true });
  }
}
