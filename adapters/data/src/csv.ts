import type { DataDescriptor } from '@coco-rec/core';
import { readCsv } from './records.js';
import { loadTable } from './table.js';
import { TableConfig } from './table-config.js';

/** CSV with a header line, columns by config. */
export const csv: DataDescriptor<TableConfig> = {
  kind: 'data',
  id: 'csv',
  specVersion: 'v1',
  summary: 'CSV with a header line, columns by config; item texts from a .jsonl or .csv file.',
  config: TableConfig,
  load: (config, context) => loadTable(config, context, readCsv),
};
