import {
  type AdapterContext,
  type DataDescriptor,
  type Dataset,
  DatasetBuilder,
  Random,
  type RunConfig,
} from '@coco-rec/core';
import { type BenchCase, type BenchContext, type Measurement, type Times, timed } from '../bench-case.js';
import { configFor, open, shape } from '../beauty.js';
import { TrainingSteps } from '../training-steps.js';

const negatives = 256;
const itemCounts = [1e4, 1e5, 1e6];
const lengths = [10, 50, 200];
const tokensPerStep = 12_800;
const userCounts = [1e4, 1e5, 1e6];
/** Steps a repetition. */
const stepsTimed = 8;

class NoKeys {}

/** Users with histories of one length, items drawn with popularity falling with the rank; as a data format of its own. */
function simulated(users: number, items: number, length: number): DataDescriptor {
  const load = async ({ hasher }: AdapterContext): Promise<Dataset> => {
    const random = new Random(1);
    const builder = new DatasetBuilder();
    for (let item = 1; item <= items; item++) builder.addItem(`i${item}`);
    for (let user = 0; user < users; user++) {
      for (let t = 0; t < length; t++)
        builder.addInteraction(`u${user}`, `i${1 + Math.floor(items * random.uniform() ** 3)}`);
    }
    return builder.build({ name: 'simulated', report: { counts: {}, warnings: [] }, hasher });
  };
  return {
    kind: 'data',
    id: 'simulated',
    specVersion: 'v1',
    summary: 'Simulated interactions.',
    config: NoKeys,
    load: (_config, context) => load(context),
  };
}

/** Times of one step, and of an epoch: its planning and as many of these steps as it has. */
interface StepTimes {
  readonly step: Times;
  readonly epoch: Times;
  readonly steps: number;
}

async function timeSteps(
  { options, measureRate }: BenchContext,
  config: RunConfig,
  data: DataDescriptor,
): Promise<StepTimes> {
  const opened = await open({ ...config, data: { format: data.id } }, [data]);
  const steps = new TrainingSteps(opened, config);
  const run = async (): Promise<void> => {
    for (let step = 0; step < stepsTimed; step++) await steps.run(step);
  };
  await steps.run(0);
  const found: Times = { values: [], processorValues: [] };
  for (let i = 0; i < options.repeats; i++) {
    measureRate();
    await timed(found, run);
  }
  const { count, planSeconds } = steps;
  steps.dispose();
  opened.dispose();
  const mapped = (change: (time: number) => number): Times => ({
    values: found.values.map(change),
    processorValues: found.processorValues.map(change),
  });
  const step = mapped((time) => time / stepsTimed);
  return { step, epoch: mapped((time) => planSeconds + (time / stepsTimed) * count), steps: count };
}

const trainOf = (optimizer: string): object => ({
  loss: { id: 'sampled-softmax', count: negatives },
  optimizer,
});

export const scaling: BenchCase = {
  id: 'scaling',
  summary:
    'a training step as items, users and history length grow, on simulated data; items with both optimisers',
  run: async (context) => {
    const { options } = context;
    const figures: Measurement[] = [];
    for (const items of itemCounts) {
      for (const optimizer of ['adam', 'adam-lazy']) {
        const config = configFor(options, options.engine, { train: trainOf(optimizer) });
        const { step } = await timeSteps(context, config, simulated(2048, items, 12));
        figures.push({
          name: `step, ${items.toLocaleString('en')} items, ${optimizer}`,
          unit: 's',
          growth: { cost: 'seconds a step', along: 'items', at: items, expected: 'flat', series: optimizer },
          ...step,
        });
      }
    }
    for (const length of lengths) {
      const backbone = { id: 'sasrec', ...shape, maxLength: length };
      const usersPerStep = tokensPerStep / length; // equal work for all lengths
      const train = { ...trainOf('adam-lazy'), usersPerStep };
      const config = configFor(options, options.engine, { backbone, train });
      const { step } = await timeSteps(context, config, simulated(4 * usersPerStep, 1e4, length + 3));
      const name = `step of ${tokensPerStep.toLocaleString('en')} interactions, histories of ${length}`;
      const growth = {
        cost: 'seconds a step',
        along: 'items of a history',
        at: length,
        expected: 'flat',
      } as const;
      figures.push({ name, unit: 's', growth, ...step });
    }
    for (const users of userCounts) {
      const config = configFor(options, options.engine, { train: trainOf('adam-lazy') });
      const { epoch, steps } = await timeSteps(context, config, simulated(users, 1e4, 12));
      const note = `planning, and ${steps.toLocaleString('en')} times a step, the mean of ${stepsTimed}`;
      const growth = { cost: 'seconds an epoch', along: 'users', at: users, expected: 'linear' } as const;
      const name = `epoch, ${users.toLocaleString('en')} users`;
      figures.push({ name, unit: 's', note, growth, ...epoch });
    }
    return figures;
  },
};
