import type { FileStore } from '@coco-rec/core';

/** One line of a chart. */
export interface Series {
  readonly name: string;
  readonly points: readonly { readonly epoch: number; readonly value: number }[];
}

/** One chart: a figure over the epochs, a line for each run. */
export interface Chart {
  readonly title: string;
  readonly series: readonly Series[];
}

/** A line of metrics.jsonl: stage, epoch within the stage, and figures by name. */
export type EpochRecord = Readonly<Record<string, string | number | null>>;

/** Figures that have a chart of their own in every report. The rest are gauges of the fusion. */
const mainFigures: Readonly<Record<string, string>> = {
  recommendation: 'Training loss (recommendation part)',
  'validation loss': 'Validation loss (recommendation part)',
  'validation recall@5': 'Validation R@5',
  'validation ndcg@5': 'Validation N@5',
};

const hidden = new Set(['stage', 'epoch', 'seconds', ...Object.keys(mainFigures)]);

/**
 * The epochs of a run folder, in order. An epoch that was logged twice (a kill came between log and checkpoint) counts
 * as logged last; a torn last line is left out.
 */
export async function readEpochs(files: FileStore): Promise<EpochRecord[]> {
  const bytes = await files.read('metrics.jsonl');
  const epochs = new Map<string, EpochRecord>();
  for (const line of bytes ? new TextDecoder().decode(bytes).split('\n') : []) {
    const record = parseLine(line);
    if (record) epochs.set(`${record.stage} ${record.epoch}`, record);
  }
  return [...epochs.values()];
}

function parseLine(line: string): EpochRecord | undefined {
  try {
    const record: unknown = JSON.parse(line);
    return record !== null && typeof record === 'object' ? (record as EpochRecord) : undefined;
  } catch {
    return undefined;
  }
}

/** A run's name and its epochs. `warmEpochs`: where the joint stage begins if this run took a shared warm start. */
export interface RunEpochs {
  readonly name: string;
  readonly epochs: readonly EpochRecord[];
  readonly warmEpochs: number;
}

/** Charts of loss and validation metrics, one line for each run; for a single run also its loss parts and gauges. */
export function chartsOf(runs: readonly RunEpochs[]): Chart[] {
  const charts = Object.entries(mainFigures).map(([figure, title]) => chartOf(title, figure, runs));
  if (runs.length === 1) {
    const names = new Set(runs[0].epochs.flatMap((record) => Object.keys(record)));
    for (const name of names) if (!hidden.has(name)) charts.push(chartOf(name, name, runs));
  }
  return charts.filter(({ series }) => series.some(({ points }) => points.length > 1));
}

function chartOf(title: string, figure: string, runs: readonly RunEpochs[]): Chart {
  return { title, series: runs.map((run) => ({ name: run.name, points: pointsOf(run, figure) })) };
}

/** Epochs count through all stages. */
function pointsOf({ epochs, warmEpochs }: RunEpochs, figure: string): Series['points'] {
  return epochs.flatMap((record) => {
    const value = record[figure];
    if (typeof value !== 'number' || !Number.isFinite(value)) return [];
    return [{ epoch: Number(record.epoch) + (record.stage === 'joint' ? warmEpochs : 0), value }];
  });
}
