import { basename } from 'node:path';
import { type AdapterContext, CocoError, type Dataset, nearestName, readConfig } from '@coco-rec/core';
import { Collector } from './collect.js';
import { type FileRecord, readRecords } from './records.js';
import { ColumnsConfig, type TableConfig } from './table-config.js';

/** The value of a column as text. @throws CocoError naming the columns there are */
function textOf({ values, line }: FileRecord, column: string, path: string, optional = false): string {
  const value = values[column];
  if (value === undefined || value === null) {
    if (optional) return '';
    const known = Object.keys(values);
    const near = nearestName(column, known);
    throw new CocoError(
      `${path}, line ${line}: there is no "${column}"; found: ${known.slice(0, 20).join(', ') || 'nothing'}.` +
        (near ? ` Is "${near}" meant?` : ''),
    );
  }
  return typeof value === 'object' ? JSON.stringify(value) : String(value as string | number | boolean);
}

function attributesOf({ values }: FileRecord, column: string | undefined): string[] {
  const value = column === undefined ? undefined : values[column];
  if (Array.isArray(value)) return value.map(String);
  return typeof value === 'string' ? value.split('|').filter(Boolean) : [];
}

/** Loads interactions, then item texts, from any record source. */
export async function loadTable(
  config: TableConfig,
  context: AdapterContext,
  read: (path: string) => AsyncGenerator<FileRecord>,
): Promise<Dataset> {
  const columns = readConfig(ColumnsConfig, config.columns, 'data.columns');
  const collector = new Collector(basename(config.path).replace(/\.(csv|jsonl?)(\.gz)?$/, ''));
  for await (const record of read(config.path)) {
    const user = textOf(record, columns.user, config.path);
    const item = textOf(record, columns.item, config.path);
    const time = columns.time === undefined ? undefined : textOf(record, columns.time, config.path);
    collector.interaction(user, item, time, () => `${config.path}, line ${record.line}`);
  }
  if (config.items !== undefined) await loadItems(config.items, config, collector);
  return collector.build(context, config.items !== undefined);
}

async function loadItems(path: string, config: TableConfig, collector: Collector): Promise<void> {
  let isFirst = true;
  for await (const record of readRecords(path)) {
    const id = textOf(record, config.itemId, path);
    // A text may be missing in a line, but a column that the first line lacks is a misspelt one.
    const parts = config.text
      .map((column) => textOf(record, column, path, !isFirst))
      .filter((part) => part.trim());
    collector.item(id, parts.join('. '), attributesOf(record, config.attributes));
    isFirst = false;
  }
}
