import { readdir, stat } from 'node:fs/promises';
import { UsageError } from '@coco-rec/core';

/** @throws UsageError if something stands where a command would write, so that nothing is lost by a slip */
export async function requireFree(path: string, force = false): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (!found || force) return;
  if (found.isDirectory() && (await readdir(path)).length === 0) return;
  throw new UsageError(`${path} is there already: choose another --out, or overwrite it with --force.`);
}
