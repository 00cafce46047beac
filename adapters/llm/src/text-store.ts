/**
 * Generated texts on disk: one append-only file, a record a line, `checksum json`. An answer is written at once, in one
 * write. Each record also begins with a line break, so that one that a crash cut off, in this process or another, spoils
 * no record but itself; readers drop it.
 */
import { closeSync, existsSync, fstatSync, mkdirSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { CocoError, type StoredText, type TextStore, fileErrorReason } from '@coco-rec/core';
import { cacheFolder } from './knowledge-store.js';

const lineBreak = 10;

/** A text store in a folder, shared by all fusions and runs. Keys are SHA-256 in hexadecimal. */
export class FileTextStore implements TextStore {
  private readonly records = new Map<string, StoredText>();
  private readonly path: string;
  /** Up to here the file is known. */
  private end = 0;

  /** @param folder default: `knowledge` in the cache folder */
  constructor(private readonly folder = join(cacheFolder(), 'knowledge')) {
    this.path = join(folder, 'texts.jsonl');
  }

  async get(keys: readonly string[]): Promise<(StoredText | undefined)[]> {
    this.refresh();
    return Promise.resolve(keys.map((key) => this.records.get(key)));
  }

  /** @throws CocoError if it cannot be written: an answer that is paid for is never lost in silence */
  async put(record: StoredText): Promise<void> {
    const bytes = Buffer.from(`\n${checked(JSON.stringify(record))}\n`);
    this.withFile('a', (file) => {
      // Of a short write, as before a full disk, the whole record is written again: the cut one is dropped.
      while (writeSync(file, bytes) < bytes.length);
    });
    this.records.set(record.key, record);
    return Promise.resolve();
  }

  /** Takes up whole lines that were added since, by this process or another. */
  private refresh(): void {
    if (!existsSync(this.path)) return;
    this.withFile('r', (file) => {
      const { size } = fstatSync(file);
      if (size <= this.end) return;
      const added = Buffer.alloc(size - this.end);
      const length = readSync(file, added, 0, added.length, this.end);
      const whole = added.subarray(0, added.subarray(0, length).lastIndexOf(lineBreak) + 1);
      for (const line of whole.toString('utf8').split('\n')) this.take(line);
      this.end += whole.length;
    });
  }

  private take(line: string): void {
    if (line === '') return;
    const json = line.slice(9);
    if (line !== checked(json)) return; // cut off or damaged
    const record = JSON.parse(json) as StoredText;
    // Another process may have failed where this one, or a third, has an answer.
    if (record.text === undefined && this.records.get(record.key)?.text !== undefined) return;
    this.records.set(record.key, record);
  }

  private withFile(mode: 'r' | 'a', use: (file: number) => void): void {
    let file: number | undefined;
    try {
      if (mode === 'a') mkdirSync(this.folder, { recursive: true });
      file = openSync(this.path, mode);
      use(file);
    } catch (error) {
      const what = mode === 'a' ? 'written' : 'read';
      throw new CocoError(`${this.path} cannot be ${what}: ${fileErrorReason(error)}.`, { cause: error });
    } finally {
      if (file !== undefined) closeSync(file);
    }
  }
}

/** Eight hexadecimal digits, a blank, the record. */
function checked(json: string): string {
  return `${crc32(json).toString(16).padStart(8, '0')} ${json}`;
}
