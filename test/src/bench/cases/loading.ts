import {
  Random,
  leaveOneOut,
  makeBatch,
  nextItemRows,
  planEpoch,
  trainingSequences,
  type Dataset,
} from '@coco-rec/core';
import { createContext, loadDataset } from '@coco-rec/standard';
import { type BenchCase, type Measurement, type Times, timed } from '../bench-case.js';
import { configFor, shape } from '../beauty.js';
import { needsData } from '../options.js';

export const loading: BenchCase = {
  id: 'loading',
  summary:
    'reading the data set, splitting it, planning an epoch, making the first batch; each time in a new process',
  engine: 'none',
  cold: true,
  missing: needsData,
  run: async ({ options }): Promise<Measurement[]> => {
    const config = configFor(options, 'cpu');
    const { registry, context } = createContext(config.output);
    let dataset: Dataset | undefined;
    const times: Times = { values: [], processorValues: [] };
    await timed(times, async () => {
      dataset = await loadDataset(config, registry, context);
      const sequences = trainingSequences(leaveOneOut(dataset));
      const limits = { ...config.train, maxLength: shape.maxLength };
      const plan = planEpoch(sequences, limits, new Random(1));
      const members = Array.from(plan[0][0], (i) => sequences[i]);
      const { maxLength } = shape;
      makeBatch(members, { maxLength, phase: 'train', rows: nextItemRows, random: new Random(2) });
    });
    const lines = dataset?.report.counts['interactions read'] ?? 0;
    return [
      {
        name: `loading ${lines.toLocaleString('en')} lines to the first batch`,
        unit: 's',
        ...times,
        goal: 1,
      },
    ];
  },
};
