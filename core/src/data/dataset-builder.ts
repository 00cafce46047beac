import { CocoError } from '../errors.js';
import type { Hasher } from '../specification/ports.js';
import type { Dataset, ImportReport, ItemAttributes, Times } from '../specification/dataset.js';
import { free } from './growing-array.js';
import { sortByUserAndTime, withoutDoubles } from './interaction-order.js';
import { Interactions } from './interactions.js';
import { StringIndex } from './string-index.js';
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
  /** Numbers of the raw user ids. */
  readonly users = new StringIndex();
  /** Numbers of the raw item ids; 0 is ''. */
  readonly items = new StringIndex();
  private readonly interactions = new Interactions();
  /** Once the interactions are sorted, where each user's begin. */
  private offsets?: Int32Array;
  private readonly texts = new Map<number, string>();
  private readonly attributeIndex = new StringIndex();
  private readonly attributes = new Map<number, number[]>();

  constructor() {
    this.items.add('');
  }

  /** @param time any number that grows with time; leave it out where the file's order is the time. */
  addInteraction(user: string, item: string, time?: number): void {
    this.addNumbered(this.users.add(user), this.items.add(item), time);
  }

  /** The same for numbers that `users` and `items` gave. @throws CocoError after `dropDoubles` or `build` */
  addNumbered(user: number, item: number, time?: number): void {
    if (this.offsets) throw new CocoError('Interactions are added before `dropDoubles` and `build`.');
    this.interactions.add(user, item, time);
  }

  /** @returns false if no interaction has this item (it is counted, not kept). Call after all interactions. */
  describeItem(item: string, text: string, attributes: readonly string[] = []): boolean {
    const index = item === '' ? undefined : this.items.find(item);
    if (index === undefined) return false;
    this.texts.set(index, cleanText(text));
    this.attributes.set(
      index,
      [...new Set(attributes)].map((attribute) => this.attributeIndex.add(attribute) + 1),
    );
    return true;
  }

  /** Adds an item without interactions, so that it can be recommended (cold items). */
  addItem(item: string): void {
    this.items.add(item);
  }

  /** How many interactions there are more than once; call it after all of them. `build` leaves the doubles out. */
  dropDoubles(): number {
    const before = this.interactions.count;
    this.offsets = withoutDoubles(this.interactions, this.sorted());
    return before - this.offsets[this.users.size];
  }

  build(options: { name: string; report: ImportReport; hasher: Hasher }): Dataset {
    if (this.interactions.count === 0) throw new CocoError(`${options.name}: there is no interaction in it.`);
    const offsets = this.sorted();
    const userCount = offsets.length - 1;
    const sequence = this.interactions.items.subarray(0, offsets[userCount]);
    const times = this.interactions.times?.subarray(0, sequence.length);
    const itemCount = this.items.size - 1;
    const [users, items] = [this.users.toTable(), this.items.toTable()];
    const texts =
      this.texts.size > 0 ? StringTable.from(this.textsInOrder(itemCount), itemCount + 1) : undefined;
    const hasTimes = times !== undefined && !Number.isNaN(times[0]);
    const realTimes = hasTimes && !areRanks(times, offsets);
    const { hasher } = options;
    const hashOf = (parts: readonly (Uint8Array | string | undefined)[]): string =>
      hasher.sha256(parts.map((part) => hasher.sha256(part ?? '')).join());
    const attributes = this.packAttributes(itemCount, hasher);
    const side = attributes && [
      attributes.namesHash,
      bytesOf(attributes.offsets),
      bytesOf(attributes.values),
    ];
    const sideHash =
      side || realTimes ? hashOf([...(side ?? []), realTimes ? bytesOf(times) : '']) : undefined;
    return {
      name: options.name,
      userCount,
      itemCount,
      offsets,
      sequence,
      times: hasTimes ? times : undefined,
      realTimes,
      users,
      items,
      texts,
      attributes,
      report: options.report,
      hash: hashOf([bytesOf(offsets), bytesOf(sequence), users.content, items.content, texts?.content]),
      ...(sideHash !== undefined && { sideHash }),
    };
  }

  /** Sorts the interactions, once. @returns the offsets of the users */
  private sorted(): Int32Array {
    if (!this.offsets) {
      this.offsets = sortByUserAndTime(this.interactions, this.users.size);
      free(this.interactions.users);
    }
    return this.offsets;
  }

  private *textsInOrder(itemCount: number): Generator<string> {
    for (let item = 0; item <= itemCount; item++) yield this.texts.get(item) ?? '';
  }

  /** Numbers attributes by their names, so that the order of the items' file does not matter. */
  private packAttributes(itemCount: number, hasher: Hasher): ItemAttributes | undefined {
    const count = this.attributeIndex.size;
    if (count === 0) return undefined;
    const table = this.attributeIndex.toTable();
    const names = Array.from({ length: count }, (_, n) => table.get(n));
    const order = [...names.keys()].sort((a, b) => (names[a] < names[b] ? -1 : 1));
    const numbers = new Int32Array(count + 1);
    order.forEach((found, rank) => (numbers[found + 1] = rank + 1));
    const offsets = new Int32Array(itemCount + 2);
    const values: number[] = [];
    for (let item = 0; item <= itemCount; item++) {
      values.push(...(this.attributes.get(item) ?? []).map((found) => numbers[found]));
      offsets[item + 1] = values.length;
    }
    const namesHash = hasher.sha256(order.map((found) => hasher.sha256(names[found])).join());
    return { offsets, values: Int32Array.from(values), count, namesHash };
  }
}

function bytesOf(array: Int32Array | Times): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/** True if every user's times are 1, 2, 3, …, or 0, 1, 2, …: an order, not a time. */
function areRanks(times: Times, offsets: Int32Array): boolean {
  const first = times[0];
  if (first !== 0 && first !== 1) return false;
  for (let user = 0; user + 1 < offsets.length; user++) {
    for (let i = offsets[user]; i < offsets[user + 1]; i++)
      if (times[i] !== i - offsets[user] + first) return false;
  }
  return true;
}
