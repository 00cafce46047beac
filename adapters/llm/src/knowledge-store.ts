/**
 * Vectors on disk, keyed by content: one append-only file a dimension. A record is the key's 32 bytes, the vector, and a
 * checksum, so that a record cut off by a crash is seen and dropped, and nothing before it is lost.
 */
import { closeSync, existsSync, fstatSync, ftruncateSync, mkdirSync, openSync, readSync, writeSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { CocoError, type KnowledgeStore } from '@coco-rec/core';

const keyBytes = 32;

/** Where caches lie: `COCO_CACHE`, or `~/.cache/coco`. */
export function cacheFolder(): string {
  return process.env.COCO_CACHE ?? join(homedir(), '.cache', 'coco');
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
      const chosen = keys.flatMap((key, i) => (vectors[i].length === dimension ? [{ key, values: vectors[i] }] : []));
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
    const file = openSync(this.path, 'r');
    try {
      const size = fstatSync(file).size;
      const block = Buffer.alloc(this.recordBytes * Math.max(1, Math.floor(4_000_000 / this.recordBytes)));
      while (this.end + this.recordBytes <= size) {
        const count = Math.floor(readSync(file, block, 0, block.length, this.end) / this.recordBytes);
        if (count === 0) break;
        for (let i = 0; i < count; i++) this.note(block.subarray(i * this.recordBytes, (i + 1) * this.recordBytes));
      }
    } finally {
      closeSync(file);
    }
  }

  private note(record: Buffer): void {
    // A damaged record is skipped: its vector will be computed again.
    if (checksum(record) === record.readUInt32LE(record.length - 4)) {
      this.places.set(record.toString('hex', 0, keyBytes), this.end);
    }
    this.end += this.recordBytes;
  }

  read(key: string): Float32Array | undefined {
    const place = this.places.get(key);
    if (place === undefined) return undefined;
    const record = Buffer.alloc(this.recordBytes);
    const file = openSync(this.path, 'r');
    try {
      readSync(file, record, 0, record.length, place);
    } finally {
      closeSync(file);
    }
    const values = new Float32Array(this.dimension);
    for (let i = 0; i < values.length; i++) values[i] = record.readFloatLE(keyBytes + 4 * i);
    return values;
  }

  append(entries: readonly { key: string; values: Float32Array }[]): void {
    mkdirSync(this.folder, { recursive: true });
    this.refresh();
    const fresh = entries.filter(({ key }) => !this.places.has(key));
    if (fresh.length === 0) return;
    const bytes = Buffer.concat(fresh.map(({ key, values }) => this.record(key, values)));
    const file = openSync(this.path, 'a');
    try {
      const { size } = fstatSync(file);
      const torn = size % this.recordBytes;
      if (torn !== 0) ftruncateSync(file, size - torn); // a crash left part of a record
      for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
    } catch (error) {
      throw new CocoError(`${this.path} cannot be written: ${(error as Error).message}.`, { cause: error });
    } finally {
      closeSync(file);
    }
    this.refresh();
  }

  private record(key: string, values: Float32Array): Buffer {
    const record = Buffer.alloc(this.recordBytes);
    record.write(key, 0, 'hex');
    values.forEach((value, i) => record.writeFloatLE(value, keyBytes + 4 * i));
    record.writeUInt32LE(checksum(record), record.length - 4);
    return record;
  }
}

function checksum(record: Buffer): number {
  return crc32(record.subarray(0, record.length - 4));
}
