/**
 * The whole way on a tiny made-up shop: train SASRec with CoCo, measure, recommend, save, load.
 * Nothing is fetched; it takes well under a minute. Run: npm run quick-start -w @coco-rec/examples
 */
import { createRecommender, loadRecommender } from '@coco-rec/standard';

const recommender = createRecommender({
  data: { format: 'shop', items: 60, users: 80, seed: 1 },
  backbone: { id: 'sasrec', dimension: 16 },
  knowledge: { id: 'tiny' },
  fusion: { id: 'coco', codebook: { size: 8 } },
  train: { epochs: 4, warmEpochs: 2, usersPerStep: 32, warmupSteps: 10 },
  evaluate: { topK: [5, 10] },
  output: 'runs/quick-start',
});

// Trains, measures, and writes the run folder. Run it again: a finished run is not trained twice.
const result = await recommender.fit();
console.log(`Trained and measured in ${result.seconds.toFixed(1)} s on ${String(result.protocol.engine)}.`);

const metrics = await recommender.evaluate('test');
console.log(`Test, all ${String(result.protocol.items)} items ranked, seen items kept:`);
for (const name of ['recall@5', 'ndcg@5', 'recall@10', 'ndcg@10']) {
  console.log(`  ${name.padEnd(10)} ${metrics[name].toFixed(4)}`);
}

// Raw item ids in, raw item ids out. The user need not be known; nor need there be a history at all.
const { dataset } = await recommender.split();
const titleOf = (item: string): string => dataset.texts?.get(dataset.items.indexOf(item) ?? 0) ?? '';
const history = [1, 2, 3].map((index) => dataset.items.get(index));
const [forHistory, forNobody] = await recommender.recommend([history, []], 3, { removeSeen: true });
console.log('After:');
for (const item of history) console.log(`  ${item}  ${titleOf(item)}`);
console.log('these come next:');
for (const { item, score } of forHistory) console.log(`  ${item}  ${score.toFixed(3)}  ${titleOf(item)}`);
console.log(`To somebody without a history: ${forNobody.map(({ item }) => item).join(', ')}`);

// `save` writes config and weights into one file; `loadRecommender` needs no other word.
await recommender.save('runs/quick-start-saved');
const loaded = await loadRecommender('runs/quick-start-saved');
const [again] = await loaded.recommend([history], 3, { removeSeen: true });
// Asked in another batch, so equal up to rounding.
const isSame = again.every(
  ({ item, score }, i) => item === forHistory[i].item && Math.abs(score - forHistory[i].score) < 1e-5,
);
console.log(`Saved and loaded: ${isSame ? 'the same recommendations' : 'DIFFERENT recommendations'}.`);
if (!isSame) process.exitCode = 1;

loaded.dispose();
recommender.dispose();
