import { join } from 'node:path';
import type { StoredText, TextStore } from '@coco-rec/core';
import { CheckedLines } from './checked-lines.js';
import { cacheFolder } from './knowledge-store.js';

/**
 * Generated texts in a folder, in `texts.jsonl`, shared by all fusions and runs: an answer is written at once. Keys are
 * SHA-256 in hexadecimal.
 */
export class FileTextStore implements TextStore {
  private readonly records = new Map<string, StoredText>();
  private readonly lines: CheckedLines<StoredText>;

  /** @param folder default: `knowledge` in the cache folder */
  constructor(folder = join(cacheFolder(), 'knowledge')) {
    this.lines = new CheckedLines(join(folder, 'texts.jsonl'), (record) => this.take(record));
  }

  async get(keys: readonly string[]): Promise<(StoredText | undefined)[]> {
    this.lines.refresh();
    return Promise.resolve(keys.map((key) => this.records.get(key)));
  }

  /** @throws CocoError if it cannot be written: an answer that is paid for is never lost in silence */
  async put(record: StoredText): Promise<void> {
    this.lines.append(record);
    this.records.set(record.key, record);
    return Promise.resolve();
  }

  private take(record: StoredText): void {
    // Another process may have failed where this one, or a third, has an answer.
    if (record.text === undefined && this.records.get(record.key)?.text !== undefined) return;
    this.records.set(record.key, record);
  }
}
