import { join } from 'node:path';
import { type Metrics, UsageError } from '@coco-rec/core';
import { compare } from './compare.js';
import { demoSettings } from './demo-config.js';
import type { PlainConfig } from './load-config.js';
import { NodeFileStore } from './node-ports.js';
import { type RecommenderOptions, createRecommender } from './recommender.js';
import { gainCells } from './report/comparison-tables.js';
import { durationText, metricText } from './report/figures.js';
import { type Table, figureColumns } from './report/table.js';
import { writeComparisonReport } from './report/write-report.js';
import type { Comparison } from './summarise-comparison.js';

/** What the demo leaves in its folder, to know it again. */
const markerFile = 'demo.json';

export interface DemoOptions extends RecommenderOptions {
  /** Removes what an earlier demo left. Default false: a stopped demo goes on. */
  readonly fresh?: boolean;
  /** Default: runs/demo. */
  readonly output?: string;
  /** Default: none, concat, mlp, coco. */
  readonly fusions?: string;
  /** Keys of the config that stand instead of the demo's, such as a smaller shop. */
  readonly config?: PlainConfig;
}

export interface Demo {
  readonly table: Table;
  readonly output: string;
  /** Path of report.html. */
  readonly report: string;
}

/**
 * The embedded demo: makes a small shop, trains popularity, SASRec and its fusions with the embedded language model, and
 * sets the shop's oracle beside them.
 */
export async function runDemo(options: DemoOptions = {}): Promise<Demo> {
  const startedAt = Date.now();
  const { output = demoSettings.output, fusions = demoSettings.fusions } = options;
  const files = new NodeFileStore(output);
  if (options.fresh) await removeEarlier(files);
  const config: PlainConfig = { ...demoSettings.config, ...options.config, output };
  const marker = `${JSON.stringify(config, null, 2)}\n`;
  await demandSame(files, marker);
  await files.write(markerFile, marker);
  const popularity = await plainMetrics('popularity', config, output, options);
  const comparison = await compare(config, { ...options, fusions, seeds: demoSettings.seeds });
  const oracle = await plainMetrics('oracle', config, output, options);
  const table = demoTable({ popularity, comparison, oracle, seconds: (Date.now() - startedAt) / 1000 });
  const report = await writeComparisonReport(output, comparison, [table]);
  return { table, output, report };
}

/** @throws UsageError where a demo of other settings, such as an older version's, has left its runs */
async function demandSame(files: NodeFileStore, marker: string): Promise<void> {
  const found = await files.read(markerFile);
  if (!found || new TextDecoder().decode(found) === marker) return;
  throw new UsageError(
    `${files.root} holds a demo of other settings, perhaps of an older version: "coco demo --fresh" ` +
      '(in a clone: npm start -- --fresh) removes it and begins anew.',
  );
}

/** Only a folder that a demo wrote is removed. */
async function removeEarlier(files: NodeFileStore): Promise<void> {
  const names = await files.list('');
  if (names.length === 0) return;
  if (!names.includes(markerFile))
    throw new UsageError(`${files.root} is not the folder of a demo: it is left as it is.`);
  await files.remove('');
}

/** Test figures of a recommender without fusion. */
async function plainMetrics(
  backbone: string,
  config: PlainConfig,
  output: string,
  options: DemoOptions,
): Promise<Metrics> {
  const own = { ...config, backbone, fusion: 'none', output: join(output, backbone) };
  const recommender = createRecommender(own, options);
  try {
    return (await recommender.fit()).test;
  } finally {
    recommender.dispose();
  }
}

/** The demo's one table. */
export function demoTable(found: {
  popularity: Metrics;
  comparison: Comparison;
  oracle: Metrics;
  seconds: number;
}): Table {
  const { popularity, comparison, oracle, seconds } = found;
  const cells = (name: string, metrics: Metrics, gain = ['', '', '', '']): string[] => [
    name,
    metricText(metrics['recall@5']),
    metricText(metrics['ndcg@5']),
    ...gain,
  ];
  const methods = comparison.methods.map(({ name, mean, difference }) =>
    cells(
      name === 'none' ? 'SASRec' : `SASRec + ${name.split(':')[0]}`,
      mean,
      gainCells(difference?.['recall@5']),
    ),
  );
  return {
    title: 'A made-up shop: what each method finds',
    columns: figureColumns('Method', 'R@5', 'N@5', 'R@5 over SASRec', '95 % interval', 'Holm p', 'verdict'),
    rows: [cells('popularity', popularity), ...methods, cells('oracle', oracle)],
    notes: [
      'The oracle knows how the shop was made and sees the same history: on average nobody can be better.',
      `One seed: preliminary, a result takes 5. This took ${durationText(seconds)}.`,
    ],
  };
}
