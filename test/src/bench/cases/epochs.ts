import { evaluateRanker } from '@coco-rec/core';
import { type BenchCase, type BenchContext, type Measurement } from '../bench-case.js';
import { configFor, open, shape } from '../beauty.js';
import { needsData } from '../options.js';
import { recBole, recTools } from '../peers/known-peers.js';
import { trainEpochs } from '../train-epochs.js';
import { epochGigaflop } from '../work.js';

interface EpochKind {
  readonly name: string;
  readonly loss: object | string;
  /** Candidates that each row is scored against; undefined: all items. */
  readonly candidates?: number;
  readonly goal: number;
}

async function measure({ options, measureRate }: BenchContext, kind: EpochKind): Promise<Measurement[]> {
  const count = options.repeats + 1; // the first is warm-up
  const train = { loss: kind.loss, epochs: count + 1, warmEpochs: count + 1 };
  const opened = await open(configFor(options, options.engine, { train }));
  const times = await trainEpochs(opened, count, measureRate);
  const { ranker, split } = opened;
  // Training validates too, which has its own need of memory.
  await evaluateRanker(ranker, split, { target: 'validation', cutoffs: [5], removeSeen: false });
  const gigaflop = epochGigaflop(split, shape, kind.candidates ?? split.dataset.itemCount);
  opened.dispose();
  return [{ name: kind.name, unit: 's', ...times, gigaflop, goal: kind.goal }];
}

export const epoch: BenchCase = {
  id: 'epoch',
  summary: 'a SASRec epoch, d 64, 2 blocks, full softmax over all items',
  memoryGoalMB: 1200,
  peers: [recTools('epoch', { loss: 'softmax' }), recBole('epoch')],
  missing: needsData,
  run: (context) => measure(context, { name: 'SASRec epoch, full softmax', loss: 'softmax', goal: 8 }),
};

const negatives = 256;

export const sampledEpoch: BenchCase = {
  id: 'sampled-epoch',
  summary: `the same with sampled softmax, ${negatives} negatives`,
  peers: [recTools('epoch', { loss: 'sampled_softmax', negatives })],
  missing: needsData,
  run: (context) =>
    measure(context, {
      name: `SASRec epoch, ${negatives} sampled negatives`,
      loss: { id: 'sampled-softmax', count: negatives },
      candidates: negatives + 1,
      goal: 4,
    }),
};
