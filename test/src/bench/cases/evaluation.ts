import { evaluateRanker } from '@coco-rec/core';
import { type BenchCase, repeated } from '../bench-case.js';
import { configFor, open, shape } from '../beauty.js';
import { needsData } from '../options.js';
import { recBole, recTools } from '../peers/known-peers.js';
import { rankingGigaflop } from '../work.js';

export const evaluation: BenchCase = {
  id: 'evaluation',
  summary: 'a validation in training: states of all users, each target ranked among all items',
  peers: [recTools('evaluation'), recBole('evaluation')],
  missing: needsData,
  run: async (context) => {
    const { options } = context;
    const opened = await open(configFor(options, options.engine));
    const { ranker, split } = opened;
    const times = await repeated(context, async () => {
      ranker.weightsChanged(); // as after a training step: nothing is cached
      await evaluateRanker(ranker, split, { target: 'validation', cutoffs: [5, 10], removeSeen: false });
    });
    const name = `full ranking of ${split.validation.users.length.toLocaleString('en')} users`;
    const gigaflop = rankingGigaflop(split, shape);
    opened.dispose();
    return [{ name, unit: 's', ...times, gigaflop, goal: 1.5 }];
  },
};
