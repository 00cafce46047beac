import { type AdapterContext, CocoError, type Dataset, DatasetBuilder } from '@coco-rec/core';

/** Collects what any importer reads: drops double interactions, counts what it leaves out, and complains by line. */
export class Collector {
  private readonly builder = new DatasetBuilder();
  private readonly described = new Set<string>();
  private counts: Record<string, number> = {};
  private read = 0;

  constructor(private readonly name: string) {}

  count(what: string, by = 1): void {
    this.counts[what] = (this.counts[what] ?? 0) + by;
  }

  /** @param time as written; undefined where the source has none @param place makes "FILE, line 7", for complaints */
  interaction(user: string, item: string, time: string | undefined, place: () => string): void {
    this.read++;
    if (user === '' || item === '')
      throw new CocoError(`${place()}: the ${user === '' ? 'user' : 'item'} id is empty.`);
    this.builder.addInteraction(user, item, time === undefined ? undefined : readTime(time, place));
  }

  item(id: string, text: string, attributes: readonly string[]): void {
    if (this.described.has(id)) this.count('items described twice (the last counts)');
    this.described.add(id);
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
    report.warnings.forEach((warning) => context.progress.log(warning));
    return dataset;
  }
}

function readTime(text: string, place: () => string): number {
  const time = Number(text);
  if (Number.isFinite(time) && (time !== 0 || text.trim() !== '')) return time; // Number('') is 0
  const date = Date.parse(text);
  if (text.trim() !== '' && Number.isFinite(date)) return date / 1000;
  throw new CocoError(
    `${place()}: the time ${JSON.stringify(text.slice(0, 40))} is neither a number nor a date.`,
  );
}
