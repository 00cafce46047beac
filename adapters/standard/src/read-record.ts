import { join } from 'node:path';
import { CocoError } from '@coco-rec/core';
import type { NodeFileStore } from './node-ports.js';

/** A JSON file of a run folder; undefined where it is not there. @throws CocoError where it is damaged */
export async function readRecord<T extends object>(
  files: NodeFileStore,
  name: string,
): Promise<T | undefined> {
  const bytes = await files.read(name);
  if (!bytes) return undefined;
  try {
    const value = JSON.parse(new TextDecoder().decode(bytes)) as T | null;
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // said below
  }
  throw new CocoError(
    `${join(files.root, name)} is damaged: it holds no JSON object. Remove the folder, or put the file back from a copy.`,
  );
}
