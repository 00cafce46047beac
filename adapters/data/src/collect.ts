import { type AdapterContext, CocoError, type Dataset, DatasetBuilder } from '@coco-rec/core';

/** Collects what any importer reads: drops double interactions, counts what it leaves out, and complains by line. */
export class Collector {
  private readonly builder = new DatasetBuilder();
  private readonly seen = new Set<string>();
  private readonly described = new Set<string>();
  private readonly counts: Record<string, number> = {};

  constructor(private readonly name: string) {}

  count(what: string, by = 1): void {
    this.counts[what] = (this.counts[what] ?? 0) + by;
  }

  /** @param time as written; '' where the source has none */
  interaction(user: string, item: string, time: string | undefined, place: string): void {
    this.count('interactions read');
    if (user === '' || item === '')
      throw new CocoError(`${place}: the ${user === '' ? 'user' : 'item'} id is empty.`);
    const key = `${user}\t${item}\t${time ?? ''}`;
    if (time !== undefined && this.seen.has(key)) {
      this.count('duplicate interactions dropped');
      return;
    }
    if (time !== undefined) this.seen.add(key);
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

function readTime(text: string, place: string): number {
  const time = Number(text);
  if (text.trim() !== '' && Number.isFinite(time)) return time;
  const date = Date.parse(text);
  if (text.trim() !== '' && Number.isFinite(date)) return date / 1000;
  throw new CocoError(
    `${place}: the time ${JSON.stringify(text.slice(0, 40))} is neither a number nor a date.`,
  );
}
