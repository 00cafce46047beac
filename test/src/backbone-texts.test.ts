/** A backbone that reads item texts itself, through the front door, without a fusion. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { UsageError } from '@coco-rec/core';
import { type PlainConfig, createRecommender, loadRecommender } from '@coco-rec/standard';
import { startTestEngine } from './support/engine.js';
import { run, smallConfig, smallShop, temporaryFolder, writeShop } from './support/small-run.js';

const { folder, remove } = temporaryFolder();
let data: PlainConfig;

before(async () => {
  await startTestEngine();
  data = await writeShop(folder, 'shop', smallShop());
});
after(remove);

function config(name: string, keys: PlainConfig, more: PlainConfig = {}): PlainConfig {
  const plain = smallConfig(data, 'none', join(folder, name), { epochs: 1, warmEpochs: 0 });
  return { ...plain, backbone: { id: 'fdsa', dimension: 16, maxLength: 12, ...keys }, ...more };
}

const knowledge = { id: 'tiny' };

describe('a backbone that reads texts', () => {
  it('is given them by the section "knowledge", of data without attributes too', async () => {
    const { weights } = await run(config('texts', { features: 'text' }, { knowledge }));
    assert.ok(weights.has('backbone/textFeatures/weight'), [...weights.keys()].join());
    const [fitted, loaded] = [
      createRecommender(config('texts', { features: 'text' }, { knowledge })),
      await loadRecommender(join(folder, 'texts')),
    ];
    await fitted.load(join(folder, 'texts'));
    const histories = [['item1', 'item2'], ['item7']];
    assert.deepEqual(await loaded.recommend(histories, 5), await fitted.recommend(histories, 5));
    fitted.dispose();
    loaded.dispose();
  });

  it('is refused without what it needs', async () => {
    const bare = { format: data.format, path: data.path, columns: data.columns };
    const cases: [PlainConfig, RegExp][] = [
      [
        config('none', { features: 'text' }),
        /Backbone "fdsa" .* needs a language model: .* These would do: .*tiny/,
      ],
      [config('attributes', { features: 'both' }, { knowledge }), /"fdsa" needs item attributes/],
      [
        // Told before a language model is opened, let alone reads.
        config('early', { features: 'both' }, { knowledge: { id: 'local', model: 'nowhere.gguf' } }),
        /"fdsa" needs item attributes/,
      ],
      [
        config('titles', { features: 'text' }, { knowledge, data: bare }),
        /Backbone "fdsa" .* needs item texts/,
      ],
    ];
    for (const [plain, words] of cases) {
      const recommender = createRecommender(plain);
      await assert.rejects(recommender.fit(), (error: unknown) => {
        assert.ok(error instanceof UsageError, String(error));
        assert.match(error.message, words);
        return true;
      });
      recommender.dispose();
    }
  });
});
