/**
 * One config, four fusions: only the key `fusion` changes. At this size the figures say nothing about the methods; for
 * an honest comparison (paired, with intervals, warm start shared) use `compare`, or `coco compare`.
 * Run: npm run swap-fusion-by-config -w @coco-rec/examples
 */
import { createRecommender } from '@coco-rec/standard';

const config = {
  data: { format: 'shop', items: 60, users: 80, seed: 1 },
  backbone: { id: 'sasrec', dimension: 16 },
  knowledge: { id: 'tiny' },
  train: { loss: 'softmax', epochs: 4, warmEpochs: 2, usersPerStep: 32, warmupSteps: 10 },
  evaluate: { topK: [5, 10], filter: 'none' },
  seed: 1,
};

const rows: Record<string, Record<string, string>> = {};
for (const fusion of ['none', 'concat', 'mlp', 'coco']) {
  const recommender = createRecommender({ ...config, fusion, output: `runs/swap-fusion/${fusion}` });
  const { test, seconds } = await recommender.fit();
  rows[fusion] = {
    'R@5': test['recall@5'].toFixed(4),
    'N@5': test['ndcg@5'].toFixed(4),
    'R@10': test['recall@10'].toFixed(4),
    seconds: seconds.toFixed(1),
  };
  recommender.dispose();
}
console.table(rows);
