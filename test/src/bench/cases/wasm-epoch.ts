import { evaluateRanker } from '@coco-rec/core';
import { type BenchCase, type Times, timed } from '../bench-case.js';
import { configFor, open, shape } from '../beauty.js';
import { needsData } from '../options.js';
import { TrainingSteps } from '../training-steps.js';
import { epochGigaflop } from '../work.js';

const negatives = 256;
/** One step in this many is run. */
const oneIn = 16;

export const wasmEpoch: BenchCase = {
  id: 'wasm-epoch',
  summary: `a SASRec epoch on WebAssembly, ${negatives} sampled negatives`,
  engine: 'wasm',
  memoryGoalMB: 600,
  missing: needsData,
  run: async ({ options, measureRate }) => {
    const config = configFor(options, 'wasm', {
      train: { loss: { id: 'sampled-softmax', count: negatives } },
    });
    const opened = await open(config);
    const steps = new TrainingSteps(opened, config);
    const chosen = Array.from({ length: Math.ceil(steps.count / oneIn) }, (_, i) => i * oneIn);
    const found: Times = { values: [], processorValues: [] };
    await steps.run(0);
    for (let i = 0; i < options.repeats; i++) {
      measureRate();
      await timed(found, async () => {
        for (const step of chosen) await steps.run(step);
      });
    }
    const { ranker, split } = opened;
    await evaluateRanker(
      ranker,
      { ...split, validation: { ...split.validation, users: split.validation.users.subarray(0, 1024) } },
      { target: 'validation', cutoffs: [5], removeSeen: false },
    );
    const factor = steps.count / chosen.length;
    steps.dispose();
    opened.dispose();
    return [
      {
        name: `SASRec epoch on WebAssembly, ${negatives} sampled negatives`,
        unit: 's',
        values: found.values.map((value) => value * factor),
        processorValues: found.processorValues.map((value) => value * factor),
        gigaflop: epochGigaflop(split, shape, negatives + 1),
        goal: 30,
        note: `extrapolated from ${chosen.length} of the epoch's ${steps.count} steps`,
      },
    ];
  },
};
