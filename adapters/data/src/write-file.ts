import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { CocoError, fileErrorReason } from '@coco-rec/core';

/** Writes a whole file or nothing: to a temporary one beside it, which is then renamed. @throws CocoError */
export async function writeFileAtomically(path: string, content: Uint8Array): Promise<void> {
  const temporary = `${path}.${randomUUID().slice(0, 8)}.tmp`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(temporary, content, { flush: true });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw new CocoError(`Cannot write ${path}: ${fileErrorReason(error)}.`, { cause: error });
  }
}

/** Lines as bytes, in parts, so that no string grows with the file. */
export function encodeLines(lines: Iterable<string>): Uint8Array {
  const parts: Uint8Array[] = [];
  let waiting: string[] = [];
  for (const line of lines) {
    if (waiting.push(line) < 4096) continue;
    parts.push(Buffer.from(`${waiting.join('\n')}\n`));
    waiting = [];
  }
  if (waiting.length > 0) parts.push(Buffer.from(`${waiting.join('\n')}\n`));
  return Buffer.concat(parts);
}
