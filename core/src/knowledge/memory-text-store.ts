import type { StoredText, TextStore } from '../specification/ports.js';

/** Generated texts for the life of a process: where nothing is to be kept, and in tests. */
export class MemoryTextStore implements TextStore {
  private readonly records = new Map<string, StoredText>();

  async get(keys: readonly string[]): Promise<(StoredText | undefined)[]> {
    return keys.map((key) => this.records.get(key));
  }

  async put(record: StoredText): Promise<void> {
    this.records.set(record.key, record);
  }
}
