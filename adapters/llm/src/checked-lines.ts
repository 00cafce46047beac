/**
 * Records on disk: one append-only file, a record a line, `checksum json`. A record is written at once, in one write. Each
 * also begins with a line break, so that one that a crash cut off, in this process or another, spoils no record but itself;
 * readers drop it.
 */
import { closeSync, existsSync, fstatSync, mkdirSync, openSync, readSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { CocoError, fileErrorReason } from '@coco-rec/core';

const lineBreak = 10;

/** A file of records that several processes may add to at the same time. */
export class CheckedLines<Item extends object> {
  /** Up to here the file is known. */
  private end = 0;

  /** @param take told of each whole record, once, in the order of the file, this instance's own as well */
  constructor(
    private readonly path: string,
    private readonly take: (record: Item) => void,
  ) {}

  /** @throws CocoError if it cannot be written: what is paid for is never lost in silence */
  append(record: Item): void {
    const bytes = Buffer.from(`\n${checked(JSON.stringify(record))}\n`);
    this.withFile('a', (file) => {
      // Of a short write, as before a full disk, the whole record is written again: the cut one is dropped.
      while (writeSync(file, bytes) < bytes.length);
    });
  }

  /** Takes whole lines that were added since, by this process or another. */
  refresh(): void {
    if (!existsSync(this.path)) return;
    this.withFile('r', (file) => {
      const { size } = fstatSync(file);
      if (size <= this.end) return;
      const added = Buffer.alloc(size - this.end);
      const length = readSync(file, added, 0, added.length, this.end);
      const whole = added.subarray(0, added.subarray(0, length).lastIndexOf(lineBreak) + 1);
      for (const line of whole.toString('utf8').split('\n')) this.read(line);
      this.end += whole.length;
    });
  }

  private read(line: string): void {
    if (line === '') return;
    const json = line.slice(9);
    if (line !== checked(json)) return; // cut off or damaged
    this.take(JSON.parse(json) as Item);
  }

  private withFile(mode: 'r' | 'a', use: (file: number) => void): void {
    let file: number | undefined;
    try {
      if (mode === 'a') mkdirSync(dirname(this.path), { recursive: true });
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
