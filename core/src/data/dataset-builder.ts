import { CocoError } from '../errors.js';
import type { Hasher } from '../specification/ports.js';
import type { Dataset, ImportReport, ItemAttributes } from '../specification/dataset.js';
import {
  type InteractionOrder,
  type Interactions,
  orderByUserAndTime,
  withoutDoubles,
} from './interaction-order.js';
import { StringTable } from './string-table.js';

/** Number of characters of an item text that are kept. */
export const maxTextLength = 1000;

/** Text that `cleanText` would leave as it is: words of printable ASCII with single spaces between them. */
const isClean = /^(?:[!-~]+(?: [!-~]+)*)?$/;

/** Makes hostile text safe: control and zero-width characters become spaces, white space is folded, length is capped. */
export function cleanText(text: string): string {
  if (text.length <= maxTextLength && isClean.test(text)) return text;
  return text
    .slice(0, maxTextLength * 4)
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\uFFFD]+/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, maxTextLength)
    .replace(/\p{Cs}$/u, '') // half of a character that the cap has cut
    .trimEnd();
}

/** Collects interactions and items from any source, then sorts and packs them. */
export class DatasetBuilder {
  private readonly userIndex = new Map<string, number>();
  private readonly itemIndex = new Map<string, number>([['', 0]]);
  private users = new Int32Array(1024);
  private items = new Int32Array(1024);
  private times = new Float64Array(1024);
  private count = 0;
  /** The user of the last interaction: files often have one user's lines together. */
  private last = { user: '', index: -1 };
  /** After `dropDoubles`. */
  private ordered?: InteractionOrder;
  private readonly texts = new Map<number, string>();
  private readonly attributeIndex = new Map<string, number>();
  private readonly attributes = new Map<number, number[]>();

  /** @param time any number that grows with time; leave it out where the file's order is the time. */
  addInteraction(user: string, item: string, time?: number): void {
    if (this.count === this.users.length) this.grow();
    if (this.last.index < 0 || user !== this.last.user)
      this.last = { user, index: intern(this.userIndex, user) };
    this.users[this.count] = this.last.index;
    this.items[this.count] = intern(this.itemIndex, item);
    this.times[this.count] = time ?? NaN;
    this.count++;
    this.ordered = undefined;
  }

  /** @returns false if no interaction has this item (it is counted, not kept). Call after all interactions. */
  describeItem(item: string, text: string, attributes: readonly string[] = []): boolean {
    const index = item === '' ? undefined : this.itemIndex.get(item);
    if (index === undefined) return false;
    this.texts.set(index, cleanText(text));
    this.attributes.set(
      index,
      attributes.map((attribute) => intern(this.attributeIndex, attribute) + 1),
    );
    return true;
  }

  /** Adds an item without interactions, so that it can be recommended (cold items). */
  addItem(item: string): void {
    intern(this.itemIndex, item);
  }

  /** How many interactions there are more than once; call it after all of them. `build` leaves the doubles out. */
  dropDoubles(): number {
    this.ordered = withoutDoubles(this.interactions(), this.order());
    return this.count - this.ordered.order.length;
  }

  build(options: { name: string; report: ImportReport; hasher: Hasher }): Dataset {
    if (this.count === 0) throw new CocoError(`${options.name}: there is no interaction in it.`);
    const userCount = this.userIndex.size;
    const { offsets, order } = this.ordered ?? this.order();
    const { sequence, times } = this.inOrder(order);
    const itemCount = this.itemIndex.size - 1;
    const users = StringTable.from(this.userIndex.keys(), userCount);
    const items = StringTable.from(this.itemIndex.keys(), itemCount + 1);
    const texts =
      this.texts.size > 0 ? StringTable.from(this.textsInOrder(itemCount), itemCount + 1) : undefined;
    const hasTimes = !Number.isNaN(times[0]);
    const parts = [bytesOf(offsets), bytesOf(sequence), users.content, items.content, texts?.content];
    const hash = options.hasher.sha256(parts.map((part) => options.hasher.sha256(part ?? '')).join());
    return {
      name: options.name,
      userCount,
      itemCount,
      offsets,
      sequence,
      times: hasTimes ? times : undefined,
      realTimes: hasTimes && !areRanks(times, offsets),
      users,
      items,
      texts,
      attributes: this.attributeIndex.size > 0 ? this.packAttributes(itemCount) : undefined,
      report: options.report,
      hash,
    };
  }

  private grow(): void {
    const larger = <T extends Int32Array | Float64Array>(old: T): T => {
      const array = new (old.constructor as new (size: number) => T)(old.length * 2);
      array.set(old);
      return array;
    };
    this.users = larger(this.users);
    this.items = larger(this.items);
    this.times = larger(this.times);
  }

  private order(): InteractionOrder {
    return orderByUserAndTime(this.interactions(), this.userIndex.size);
  }

  private interactions(): Interactions {
    const { count, users, items, times } = this;
    return { count, users, items, times };
  }

  private inOrder(order: Int32Array): { sequence: Int32Array; times: Float64Array } {
    const sequence = new Int32Array(order.length);
    const times = new Float64Array(order.length);
    for (let i = 0; i < order.length; i++) {
      sequence[i] = this.items[order[i]];
      times[i] = this.times[order[i]];
    }
    return { sequence, times };
  }

  private *textsInOrder(itemCount: number): Generator<string> {
    for (let item = 0; item <= itemCount; item++) yield this.texts.get(item) ?? '';
  }

  private packAttributes(itemCount: number): ItemAttributes {
    const offsets = new Int32Array(itemCount + 2);
    const values: number[] = [];
    for (let item = 0; item <= itemCount; item++) {
      values.push(...(this.attributes.get(item) ?? []));
      offsets[item + 1] = values.length;
    }
    return { offsets, values: Int32Array.from(values), count: this.attributeIndex.size };
  }
}

function intern(index: Map<string, number>, key: string): number {
  let value = index.get(key);
  if (value === undefined) index.set(detached(key), (value = index.size));
  return value;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** The same string with memory of its own: a part of a line would keep the whole piece of the file that it was cut from. */
function detached(text: string): string {
  const copy = decoder.decode(encoder.encode(text));
  return copy === text ? copy : text; // half a character has no UTF-8
}

function bytesOf(array: Int32Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/** True if every user's times are 1, 2, 3, …: an order, not a time. */
function areRanks(times: Float64Array, offsets: Int32Array): boolean {
  for (let user = 0; user + 1 < offsets.length; user++) {
    for (let i = offsets[user]; i < offsets[user + 1]; i++)
      if (times[i] !== i - offsets[user] + 1) return false;
  }
  return true;
}
