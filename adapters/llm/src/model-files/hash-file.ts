import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';

/** Hashes of a file, lower-case hexadecimal. */
export interface FileHashes {
  readonly sha256: string;
  /** As git names the content: SHA-1 of "blob SIZE\0" and the bytes. */
  readonly gitBlob: string;
}

/** Reads a file once for both hashes. @param size its bytes */
export async function hashFile(path: string, size: number, signal?: AbortSignal): Promise<FileHashes> {
  const sha256 = createHash('sha256');
  const gitBlob = createHash('sha1').update(`blob ${size}\0`);
  const each = async (source: AsyncIterable<Buffer>): Promise<void> => {
    for await (const chunk of source) {
      sha256.update(chunk);
      gitBlob.update(chunk);
    }
  };
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), each, { signal });
  return { sha256: sha256.digest('hex'), gitBlob: gitBlob.digest('hex') };
}
