/**
 * Vectors on disk, keyed by content: one append-only file a dimension. A record is the key's 32 bytes, the vector, and a
 * checksum. Nothing is ever taken back from a file, so that processes may append at the same time: a record that a crash
 * cut off stays where it is, and readers find the next whole record by its checksum.
 */
import { closeSync, existsSync, fstatSync, mkdirSync, openSync, readSync, writeSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { crc32 } from 'node:zlib';
import { CocoError, type KnowledgeStore } from '@coco-rec/core';

const keyBytes = 32;

/** Where caches lie, the engine's too: `$COCO_CACHE`, else `$XDG_CACHE_HOME/coco`, else `~/.cache/coco`. */
export function cacheFolder(): string {
  const { COCO_CACHE, XDG_CACHE_HOME } = process.env;
  if (COCO_CACHE) return resolve(COCO_CACHE);
  // The XDG specification: a relative path is to be ignored.
  const cache = XDG_CACHE_HOME && isAbsolute(XDG_CACHE_HOME) ? XDG_CACHE_HOME : join(homedir(), '.cache');
  return join(cache, 'coco');
}

/** Where the LoRA weights of tuned models lie. */
export function tuningFolder(): string {
  return join(cacheFolder(), 'knowledge', 'lora');
}

/** A knowledge store in a folder, shared by all fusions and runs. Keys are SHA-256 in hexadecimal. */
export class FileKnowledgeStore implements KnowledgeStore {
  private readonly files = new Map<number, VectorFile>();

  /** @param folder default: `knowledge` in the cache folder */
  constructor(private readonly folder = join(cacheFolder(), 'knowledge')) {}

  async get(keys: readonly string[], dimension: number): Promise<(Float32Array | undefined)[]> {
    const file = this.fileOf(dimension);
    file.refresh();
    return Promise.resolve(keys.map((key) => file.read(key)));
  }

  async put(keys: readonly string[], vectors: readonly Float32Array[]): Promise<void> {
    for (const dimension of new Set(vectors.map(({ length }) => length))) {
      const chosen = keys.flatMap((key, i) =>
        vectors[i].length === dimension ? [{ key, values: vectors[i] }] : [],
      );
      this.fileOf(dimension).append(chosen);
    }
    return Promise.resolve();
  }

  private fileOf(dimension: number): VectorFile {
    let file = this.files.get(dimension);
    if (!file) this.files.set(dimension, (file = new VectorFile(this.folder, dimension)));
    return file;
  }
}

class VectorFile {
  private readonly places = new Map<string, number>();
  private readonly path: string;
  private readonly recordBytes: number;
  /** Up to here the file is known. */
  private end = 0;

  constructor(
    private readonly folder: string,
    private readonly dimension: number,
  ) {
    this.path = join(folder, `vectors-${dimension}.bin`);
    this.recordBytes = keyBytes + 4 * dimension + 4;
  }

  /** Takes up records that were added since, by this process or another. */
  refresh(): void {
    if (!existsSync(this.path)) return;
    this.withFile('r', (file) => {
      const { size } = fstatSync(file);
      if (this.end + this.recordBytes > size) return;
      const block = Buffer.alloc(Math.min(size - this.end, Math.max(2 * this.recordBytes, 4_000_000)));
      while (this.end + this.recordBytes <= size) {
        const length = readSync(file, block, 0, block.length, this.end);
        if (length < this.recordBytes) break;
        this.end += this.note(block.subarray(0, length));
      }
    });
  }

  /** Notes the records in a part of the file that begins at `end`. @returns its bytes up to the last whole record */
  private note(part: Buffer): number {
    let at = 0;
    while (at + this.recordBytes <= part.length) {
      if (this.isRecord(part, at)) {
        this.places.set(part.toString('hex', at, at + keyBytes), this.end + at);
        at += this.recordBytes;
      } else {
        at = this.nextRecord(part, at);
      }
    }
    return at;
  }

  /** Where a record begins after the damage at `at`; its vector will be computed again. */
  private nextRecord(part: Buffer, at: number): number {
    if (this.isRecord(part, at + this.recordBytes)) return at + this.recordBytes; // damaged in place
    let next = at + 1; // cut off: the next one begins within a record's length
    while (next + this.recordBytes <= part.length && !this.isRecord(part, next)) next++;
    return next;
  }

  private isRecord(part: Buffer, at: number): boolean {
    const end = at + this.recordBytes;
    if (end > part.length || part.readDoubleLE(at) === 0) return false; // zeros, as a lost write leaves them: no key
    return crc32(part.subarray(at, end - 4)) === part.readUInt32LE(end - 4);
  }

  read(key: string): Float32Array | undefined {
    const place = this.places.get(key);
    if (place === undefined) return undefined;
    const record = Buffer.alloc(this.recordBytes);
    this.withFile('r', (file) => readSync(file, record, 0, record.length, place));
    if (!this.isRecord(record, 0) || record.toString('hex', 0, keyBytes) !== key) {
      this.places.delete(key); // damaged since it was noted
      return undefined;
    }
    const values = new Float32Array(this.dimension);
    for (let i = 0; i < values.length; i++) values[i] = record.readFloatLE(keyBytes + 4 * i);
    return values;
  }

  append(entries: readonly { key: string; values: Float32Array }[]): void {
    this.refresh();
    const fresh = new Map(
      entries.filter(({ key }) => !this.places.has(key)).map(({ key, values }) => [key, values]),
    );
    if (fresh.size === 0) return;
    const bytes = Buffer.concat([...fresh].map(([key, values]) => this.record(key, values)));
    this.withFile('a', (file) => {
      // One write is one piece of the file, whoever else appends. Of a short one, the record that was cut is written again.
      for (let done = 0; done < bytes.length;) {
        const written = writeSync(file, bytes, done);
        done += written - (written % this.recordBytes);
      }
    });
    this.refresh();
  }

  private record(key: string, values: Float32Array): Buffer {
    const record = Buffer.alloc(this.recordBytes);
    record.write(key, 0, 'hex');
    values.forEach((value, i) => record.writeFloatLE(value, keyBytes + 4 * i));
    record.writeUInt32LE(crc32(record.subarray(0, record.length - 4)), record.length - 4);
    return record;
  }

  private withFile<T>(mode: 'r' | 'a', use: (file: number) => T): T {
    let file: number | undefined;
    try {
      if (mode === 'a') mkdirSync(this.folder, { recursive: true });
      file = openSync(this.path, mode);
      return use(file);
    } catch (error) {
      const what = mode === 'a' ? 'written' : 'read';
      throw new CocoError(`${this.path} cannot be ${what}: ${(error as Error).message}.`, { cause: error });
    } finally {
      if (file !== undefined) closeSync(file);
    }
  }
}
