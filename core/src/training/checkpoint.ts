import { CocoError } from '../errors.js';
import { decodeSafetensors, encodeSafetensors } from '../data/safetensors.js';
import type { FileStore } from '../specification/ports.js';
import type { NamedArray } from '../specification/ranker.js';

/** Named tensors and a JSON record in one safetensors file (the record is its metadata), so both change at once. */
export interface Checkpoint<Info> {
  readonly tensors: ReadonlyMap<string, NamedArray>;
  readonly info: Info;
}

/** Writes atomically. */
export async function saveCheckpoint<Info>(
  files: FileStore,
  path: string,
  { tensors, info }: Checkpoint<Info>,
): Promise<void> {
  await files.write(path, encodeSafetensors(new Map(tensors), { coco: JSON.stringify(info) }));
}

/** @returns undefined where there is no such file. @throws CocoError if it is damaged. */
export async function loadCheckpoint<Info>(
  files: FileStore,
  path: string,
): Promise<Checkpoint<Info> | undefined> {
  const bytes = await files.read(path);
  if (!bytes) return undefined;
  try {
    const { tensors, metadata } = decodeSafetensors(bytes);
    return { tensors, info: JSON.parse(metadata.coco) as Info };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CocoError(`The checkpoint ${path} is damaged (${reason}). Remove it to start anew.`, {
      cause: error,
    });
  }
}
