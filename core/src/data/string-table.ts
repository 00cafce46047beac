import type { Strings } from '../specification/dataset.js';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Strings by index in one byte array: no object per string. Look-up by string builds its index on first use. */
export class StringTable implements Strings {
  private index?: Map<string, number>;

  private constructor(
    private readonly bytes: Uint8Array,
    private readonly ends: Float64Array,
  ) {}

  /** @param bytes UTF-8 of all strings, one after the other @param ends where each ends */
  static ofBytes(bytes: Uint8Array, ends: Float64Array): StringTable {
    return new StringTable(bytes, ends);
  }

  static from(strings: Iterable<string>, count: number): StringTable {
    let bytes = new Uint8Array(1024);
    let end = 0;
    let i = 0;
    const ends = new Float64Array(count);
    for (const text of strings) {
      if (end + text.length * 3 > bytes.length) {
        const larger = new Uint8Array(Math.max(bytes.length * 2, end + text.length * 3));
        larger.set(bytes.subarray(0, end));
        bytes = larger;
      }
      end += encoder.encodeInto(text, bytes.subarray(end)).written;
      ends[i++] = end;
    }
    return new StringTable(bytes.slice(0, end), ends);
  }

  get length(): number {
    return this.ends.length;
  }

  get(index: number): string {
    return decoder.decode(this.bytes.subarray(index > 0 ? this.ends[index - 1] : 0, this.ends[index]));
  }

  /** @returns the index of the first equal string, or undefined. */
  indexOf(text: string): number | undefined {
    if (!this.index) {
      this.index = new Map();
      for (let i = this.length - 1; i >= 0; i--) this.index.set(this.get(i), i);
    }
    return this.index.get(text);
  }

  /** The raw content, for hashing. */
  get content(): Uint8Array {
    return this.bytes;
  }
}
