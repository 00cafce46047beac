import { join } from 'node:path';
import type { Comparison } from '../summarise-comparison.js';
import { NodeFileStore } from '../node-ports.js';
import { methodName } from '../method-names.js';
import type { RunResult } from '../result.js';
import {
  comparisonTable,
  fusionsTable,
  gainOverControlsTable,
  gainOverTextTable,
  runsTable,
  userGroupTables,
} from './comparison-tables.js';
import { type RunEpochs, chartsOf, readEpochs } from './curves.js';
import { renderReport } from './render-report.js';
import { groupTable, resultTable } from './run-tables.js';
import type { Table } from './table.js';

const reportFile = 'report.html';

/** Writes `report.html` of one run into its folder. @returns the file's path. */
export async function writeRunReport(result: RunResult): Promise<string> {
  const folder = result.config.output;
  const page = renderReport({
    title: `CoCo run ${folder}`,
    tables: [resultTable(result), groupTable(result)],
    charts: chartsOf([await epochsOf(methodName(result.config), folder, result)]),
    protocol: result.protocol,
  });
  return write(folder, page);
}

/** Writes `report.html` of a comparison into its folder; `extra` tables stand first. @returns the file's path. */
export async function writeComparisonReport(
  folder: string,
  comparison: Comparison,
  extra: readonly Table[] = [],
): Promise<string> {
  const runs = comparison.methods.flatMap(({ name, runs: own }) => own.map((run) => ({ name, ...run })));
  const epochs = await Promise.all(runs.map((run) => epochsOf(run.name, run.folder, run.result)));
  const optional = [gainOverTextTable, gainOverControlsTable].flatMap((table) => [
    table(comparison, 'recall@5'),
    table(comparison, 'ndcg@5'),
  ]);
  const fusions = fusionsTable(comparison);
  const page = renderReport({
    title: `CoCo comparison ${folder}`,
    tables: [
      ...extra,
      comparisonTable(comparison, 'recall@5'),
      comparisonTable(comparison, 'ndcg@5'),
      ...optional.filter((table) => table !== undefined),
      ...userGroupTables(comparison),
      ...(fusions ? [fusions] : []),
      runsTable(comparison),
    ],
    charts: chartsOf(epochs),
    protocol: comparison.protocol,
  });
  return write(folder, page);
}

async function epochsOf(name: string, folder: string, { config }: RunResult): Promise<RunEpochs> {
  const { epochs, warmEpochs = Math.floor(epochs / 2) } = config.train;
  return { name, epochs: await readEpochs(new NodeFileStore(folder)), warmEpochs };
}

async function write(folder: string, page: string): Promise<string> {
  await new NodeFileStore(folder).write(reportFile, page);
  return join(folder, reportFile);
}
