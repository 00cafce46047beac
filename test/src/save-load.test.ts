/** What a recommender says before it is saved and after it is loaded, through the front door. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { CocoError } from '@coco-rec/core';
import { type PlainConfig, type Recommender, createRecommender, loadRecommender } from '@coco-rec/standard';
import { startTestEngine } from './support/engine.js';
import { smallConfig, smallShop, temporaryFolder, writeShop } from './support/small-run.js';

/** Nobody of the data has the first two; one item is not known; the last has taken nothing yet. */
const histories = [
  ['item3', 'item28', 'item11'],
  ['item7', 'item7', 'item7', 'item30'],
  ['item5', 'an item of another shop', 'item6'],
  [],
];

for (const fusion of ['none', 'coco', { id: 'concat' }, { id: 'mlp' }]) {
  describe(`a recommender that is saved and loaded, sasrec with ${JSON.stringify(fusion)}`, () => {
    const { folder, remove } = temporaryFolder();
    const saved = join(folder, 'saved');
    const opened: Recommender[] = [];
    const open = (recommender: Recommender): Recommender => {
      opened.push(recommender);
      return recommender;
    };
    let config: PlainConfig;
    let fitted: Recommender;

    before(async () => {
      await startTestEngine();
      const data = await writeShop(folder, 'shop', smallShop());
      config = smallConfig(data, fusion, join(folder, 'run'));
      fitted = open(createRecommender(config));
      await fitted.fit();
      await fitted.save(saved);
    });
    after(() => {
      for (const recommender of opened) recommender.dispose();
      remove();
    });

    it('gives the same items and scores, whatever seed it is made with', async () => {
      const before = await fitted.recommend(histories, 6);
      // Another seed has other first weights: what agrees has come from the file.
      const other = open(createRecommender({ ...config, seed: 99, output: join(folder, 'other') }));
      for (const loaded of [await other.load(saved), open(await loadRecommender(saved))]) {
        assert.deepEqual(await loaded.recommend(histories, 6), before);
        assert.deepEqual(await loaded.evaluate(), await fitted.evaluate());
      }
      assert.deepEqual(
        await open(await loadRecommender(join(folder, 'run'))).recommend(histories, 6),
        before,
      );
    });

    it('answers users who were never seen, each by the own history', async () => {
      const loaded = open(await loadRecommender(saved));
      const users = ['a stranger', undefined, 'another stranger', 'one more'];
      const answers = await loaded.recommend(histories, 6, { users, removeSeen: true });
      assert.deepEqual(answers, await loaded.recommend(histories, 6, { removeSeen: true }));
      for (const [n, answer] of answers.entries()) {
        const items = answer.map(({ item }) => item);
        assert.equal(new Set(items).size, 6, items.join());
        assert.ok(
          items.every((item) => !histories[n].includes(item)),
          items.join(),
        );
        const scores = answer.map(({ score }) => score);
        assert.ok(scores.every(Number.isFinite));
        assert.deepEqual(
          scores,
          [...scores].sort((a, b) => b - a),
        );
      }
      assert.equal(new Set(answers.map((answer) => JSON.stringify(answer))).size, histories.length);
    });

    it('says nothing before it has weights', async () => {
      const bare = open(createRecommender({ ...config, output: join(folder, 'bare') }));
      await assert.rejects(bare.recommend(histories), (error) => {
        assert.ok(error instanceof CocoError);
        assert.match(error.message, /no trained weights yet: call fit\(\) or load\(\) first/);
        return true;
      });
    });
  });
}
