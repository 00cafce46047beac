import { grown } from './growing-array.js';
import { StringTable } from './string-table.js';

const encoder = new TextEncoder();

/** Numbers distinct strings 0, 1, 2, … as they come. They are held as UTF-8 in one array: no object per string. */
export class StringIndex {
  private bytes = new Uint8Array(1024);
  /** Where each string ends in `bytes`. */
  private ends = new Float64Array(64);
  /** Hash table of string numbers + 1 with linear probing; 0: free. At most half full. */
  private slots = new Int32Array(128);
  private count = 0;
  private encoded = new Uint8Array(256);

  get size(): number {
    return this.count;
  }

  /** @returns the number of `text`, a new one if it is not there yet */
  add(text: string): number {
    const length = this.encode(text);
    return this.addBytes(this.encoded, 0, length);
  }

  /** The same for UTF-8 at bytes[from..to], which is copied. */
  addBytes(bytes: Uint8Array, from: number, to: number): number {
    const slot = this.slotOf(bytes, from, to);
    return this.slots[slot] > 0 ? this.slots[slot] - 1 : this.append(bytes, from, to, slot);
  }

  /** @returns the number of `text`, or undefined */
  find(text: string): number | undefined {
    const length = this.encode(text);
    const found = this.slots[this.slotOf(this.encoded, 0, length)];
    return found > 0 ? found - 1 : undefined;
  }

  /** The strings so far by their numbers. */
  toTable(): StringTable {
    return StringTable.ofBytes(this.bytes.slice(0, this.end()), this.ends.slice(0, this.count));
  }

  private end(): number {
    return this.count > 0 ? this.ends[this.count - 1] : 0;
  }

  /** Writes `text` to `encoded`. @returns its length in bytes */
  private encode(text: string): number {
    if (text.length * 3 > this.encoded.length) this.encoded = new Uint8Array(text.length * 3);
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > 127) return encoder.encodeInto(text, this.encoded).written;
      this.encoded[i] = code;
    }
    return text.length;
  }

  /** The slot of a string, or the free one where it belongs. */
  private slotOf(bytes: Uint8Array, from: number, to: number): number {
    const mask = this.slots.length - 1;
    let slot = hashOf(bytes, from, to) & mask;
    while (this.slots[slot] > 0 && !this.isAt(this.slots[slot] - 1, bytes, from, to))
      slot = (slot + 1) & mask;
    return slot;
  }

  private isAt(index: number, bytes: Uint8Array, from: number, to: number): boolean {
    const start = index > 0 ? this.ends[index - 1] : 0;
    if (this.ends[index] - start !== to - from) return false;
    // From the end: ids begin alike.
    for (let i = to - from - 1; i >= 0; i--) if (this.bytes[start + i] !== bytes[from + i]) return false;
    return true;
  }

  private append(bytes: Uint8Array, from: number, to: number, slot: number): number {
    const start = this.end();
    const end = start + to - from;
    if (end > this.bytes.length) this.bytes = grown(this.bytes, Math.max(this.bytes.length * 2, end));
    if (this.count === this.ends.length) this.ends = grown(this.ends, this.ends.length * 2);
    for (let i = 0; i < to - from; i++) this.bytes[start + i] = bytes[from + i];
    this.ends[this.count] = end;
    this.slots[slot] = ++this.count;
    if (this.count * 2 > this.slots.length) this.rehash();
    return this.count - 1;
  }

  private rehash(): void {
    const slots = new Int32Array(this.slots.length * 2);
    const mask = slots.length - 1;
    for (let index = 0; index < this.count; index++) {
      let slot = hashOf(this.bytes, index > 0 ? this.ends[index - 1] : 0, this.ends[index]) & mask;
      while (slots[slot] > 0) slot = (slot + 1) & mask;
      slots[slot] = index + 1;
    }
    this.slots = slots;
  }
}

/** FNV-1a, then mixed, so that the low bits depend on all. */
function hashOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = 0x811c9dc5;
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ bytes[i], 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
  return hash ^ (hash >>> 13);
}
