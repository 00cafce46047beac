import { type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { CocoError } from '@coco-rec/core';
import { explainWrite } from './explain-write.js';
import { type FileHashes, hashFile } from './hash-file.js';
import { type HubAccess, type RemoteFile, headersOf, statusError, unreachable } from './hugging-face.js';

/** Connections in a row that bring no byte before the download gives up. */
const mostFailures = 3;

export interface Download {
  readonly url: string;
  readonly file: RemoteFile;
  /** Where the file goes once it is whole and right. */
  readonly target: string;
  /** SHA-256 that the caller wants, beside the repository's. */
  readonly sha256?: string;
  readonly access: HubAccess;
  /** Told the bytes that are there. */
  readonly onBytes: (done: number) => void;
}

/**
 * Downloads a file, going on where an earlier try was broken off (its bytes stay in a .part file of this very content),
 * and puts it in place once size and hash are right.
 * @throws CocoError if the connection breaks for good, the disk is full, or the content is another (it is removed)
 */
export async function downloadFile(download: Download): Promise<FileHashes> {
  const { file, target, access } = download;
  const part = partPath(download);
  try {
    await mkdir(dirname(target), { recursive: true });
    await fetchAll(download, part);
    const hashes = await hashFile(part, file.size, access.signal);
    await refuseOther(download, hashes, part);
    await rename(part, target);
    return hashes;
  } catch (error) {
    if (access.signal?.aborted || error instanceof CocoError) throw error;
    throw explainWrite(error, target, 'What came so far is kept: the same command goes on from there.');
  }
}

/** The name holds the content's hash: bytes of another version are never continued. */
function partPath({ file, target, url }: Download): string {
  const version = file.sha256 ?? file.gitBlob ?? /resolve\/(\w+)/.exec(url)?.[1] ?? 'unknown';
  return `${target}.${version.slice(0, 16)}.part`;
}

async function fetchAll(download: Download, part: string): Promise<void> {
  const { size, path } = download.file;
  let failures = 0;
  let done = await sizeOf(part);
  download.onBytes(done);
  while (done < size || !(await exists(part))) {
    let failure: unknown;
    try {
      await fetchRest(download, part, done);
    } catch (error) {
      if (download.access.signal?.aborted || error instanceof CocoError) throw error;
      failure = error;
    }
    const before = done;
    done = await sizeOf(part);
    failures = done > before ? 0 : failures + 1;
    if (done === 0 && failures >= mostFailures)
      throw unreachable(failure ?? new Error('no answer'), download.access);
    if (done < size && failures >= mostFailures) {
      const where = `${path} after ${done} of ${size} bytes`;
      throw new CocoError(
        `The connection broke in ${where}. They are kept: the same command goes on from there.`,
      );
    }
    if (failures > 0) await new Promise((resolve) => setTimeout(resolve, 200 * failures));
  }
}

/** One connection. Returns when it ends, whole or not. */
async function fetchRest(
  { url, file, access, onBytes }: Download,
  part: string,
  from: number,
): Promise<void> {
  const headers = { ...headersOf(access), ...(from > 0 ? { range: `bytes=${from}-` } : {}) };
  const response = await fetch(url, { headers, signal: access.signal });
  if (response.status === 416) {
    await response.body?.cancel();
    await rm(part, { force: true });
    return;
  }
  if (!response.ok) throw statusError(response.status, `the file ${file.path}`, access);
  const start = response.status === 206 ? startOf(response) : 0;
  if (start !== 0 && start !== from)
    throw new CocoError(`${access.endpoint} sent another part of ${file.path}.`);
  const out = await open(part, start === 0 ? 'w' : 'a');
  try {
    await append(response, out, { file, part, start, onBytes });
  } finally {
    await out.close();
  }
}

async function append(
  response: Response,
  out: FileHandle,
  {
    file,
    part,
    start,
    onBytes,
  }: { file: RemoteFile; part: string; start: number; onBytes: (done: number) => void },
): Promise<void> {
  let done = start;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    if (done + chunk.length > file.size) {
      await rm(part, { force: true });
      throw new CocoError(
        `${file.path} is longer than the ${file.size} bytes that its repository states: removed.`,
      );
    }
    await out.writeFile(chunk).catch((error: unknown) => {
      throw explainWrite(error, part, 'What came so far is kept: the same command goes on from there.');
    });
    done += chunk.length;
    onBytes(done);
  }
  await out.sync();
}

function startOf(response: Response): number {
  return Number(/^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1] ?? NaN);
}

async function refuseOther(
  { file, sha256: wanted }: Download,
  found: FileHashes,
  part: string,
): Promise<void> {
  const pairs = [
    [file.sha256, found.sha256, 'SHA-256'],
    [file.gitBlob, found.gitBlob, 'git hash'],
    [wanted?.toLowerCase(), found.sha256, 'SHA-256'],
  ] as const;
  const wrong = pairs.find(([expected, actual]) => expected !== undefined && expected !== actual);
  if (!wrong) return;
  await rm(part, { force: true });
  throw new CocoError(
    `${file.path} came with ${wrong[2]} ${wrong[1]} instead of ${wrong[0]}, so it was removed.`,
  );
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0;
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
