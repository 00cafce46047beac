import { type AdapterContext, CocoError, type Dataset, DatasetBuilder, StringIndex } from '@coco-rec/core';
import type { TabFields } from './fields.js';
import { readTime, readTimeBytes, toSeconds } from './time.js';

/** Which fields of a line hold what. */
export interface InteractionFields {
  readonly user: number;
  readonly item: number;
  /** -1: there is none. */
  readonly time: number;
}

/** Collects what any importer reads: drops double interactions, counts what it leaves out, and complains by line. */
export class Collector {
  private readonly builder = new DatasetBuilder();
  private readonly described = new StringIndex();
  private counts: Record<string, number> = {};
  private read = 0;

  constructor(private readonly name: string) {}

  count(what: string, by = 1): void {
    this.counts[what] = (this.counts[what] ?? 0) + by;
  }

  /** @param time as written; undefined where the source has none @param place makes "FILE, line 7", for complaints */
  interaction(user: string, item: string, time: string | undefined, place: () => string): void {
    this.read++;
    checkIds(user === '', item === '', place);
    this.builder.addInteraction(user, item, time === undefined ? undefined : readTime(time, place));
  }

  /** The same for fields of a line, without making strings of them. */
  interactionOf(bytes: Uint8Array, fields: TabFields, at: InteractionFields, place: () => string): void {
    this.read++;
    checkIds(fields.isEmpty(at.user), fields.isEmpty(at.item), place);
    const { starts, ends } = fields;
    const { users, items } = this.builder;
    const user = users.addBytes(bytes, starts[at.user], ends[at.user]);
    const item = items.addBytes(bytes, starts[at.item], ends[at.item]);
    const time = at.time < 0 ? undefined : readTimeBytes(bytes, starts[at.time], ends[at.time], place);
    this.builder.addNumbered(user, item, time);
  }

  item(id: string, text: string, attributes: readonly string[]): void {
    const before = this.described.size;
    if (this.described.add(id) < before) this.count('items described twice (the last counts)');
    if (!this.builder.describeItem(id, text, attributes)) {
      this.count('unknown items in the titles file');
      return;
    }
    if (text.trim() === '') this.count('items with an empty text');
  }

  build(context: AdapterContext, hasItems: boolean): Dataset {
    const doubles = this.builder.dropDoubles();
    this.counts = {
      'interactions read': this.read,
      ...(doubles > 0 ? { 'duplicate interactions dropped': doubles } : {}),
      ...this.counts,
    };
    const report = { counts: this.counts, warnings: [] as string[] };
    const dataset = this.builder.build({ name: this.name, report, hasher: context.hasher });
    if (hasItems && dataset.texts) {
      let without = 0;
      for (let item = 1; item <= dataset.itemCount; item++) if (dataset.texts.get(item) === '') without++;
      this.counts['items without text'] = without;
    }
    for (const [what, count] of Object.entries(this.counts)) {
      if (/unknown|without|twice|duplicate/.test(what) && count > 0)
        report.warnings.push(`${this.name}: ${count} ${what}.`);
    }
    const unit = dataset.times && toSeconds(dataset.times);
    if (unit !== undefined) report.warnings.push(`${this.name}: ${unit}`);
    report.warnings.forEach((warning) => context.progress.log(warning));
    return dataset;
  }
}

function checkIds(noUser: boolean, noItem: boolean, place: () => string): void {
  if (noUser || noItem) throw new CocoError(`${place()}: the ${noUser ? 'user' : 'item'} id is empty.`);
}
