import type { DataDescriptor } from '@coco-rec/core';
import { readJsonLines } from './records.js';
import { loadTable } from './table.js';
import { TableConfig } from './table-config.js';

/** JSON Lines, keys by config. */
export const jsonl: DataDescriptor<TableConfig> = {
  kind: 'data',
  id: 'jsonl',
  specVersion: 'v1',
  summary: 'JSON Lines with one interaction a line, keys by config; item texts from a .jsonl or .csv file.',
  config: TableConfig,
  load: (config, context) => loadTable(config, context, readJsonLines),
};
