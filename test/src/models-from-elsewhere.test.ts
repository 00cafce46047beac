/** Models that were trained elsewhere, through the front door: what is learned, what is printed, what goes wrong. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { CocoError } from '@coco-rec/core';
import { type PlainConfig, createRecommender, loadRecommender, resultTable } from '@coco-rec/standard';
import { startTestEngine } from './support/engine.js';
import { fixtures, itemIds, writeVectors } from './support/fixtures.js';
import { itemVector } from './support/made-up-vectors.js';
import { run, smallConfig, smallShop, temporaryFolder, writeShop } from './support/small-run.js';
import { type VectorService, startVectorService } from './support/vector-service.js';

const { folder, remove } = temporaryFolder();
let data: PlainConfig;
let service: VectorService;

before(async () => {
  await startTestEngine();
  data = await writeShop(folder, 'shop', smallShop());
  service = await startVectorService();
});
after(async () => {
  await service.stop();
  remove();
});

const quick = { epochs: 2, warmEpochs: undefined, usersPerStep: 20 };

/** A run with a backbone of its own. */
function config(name: string, backbone: PlainConfig, fusion = 'mlp', train: PlainConfig = {}): PlainConfig {
  return { ...smallConfig(data, fusion, join(folder, name), { ...quick, ...train }), backbone };
}

const http = (path: string, keys: PlainConfig = {}): PlainConfig => ({
  id: 'http',
  url: service.at(path),
  itemsUrl: service.at('/items'),
  timeoutSeconds: 20,
  retries: 0,
  backoffSeconds: 0.01,
  ...keys,
});

/** One sentence, without a stack trace. */
async function complaint(config: PlainConfig): Promise<string> {
  const recommender = createRecommender(config);
  try {
    await recommender.fit();
  } catch (error) {
    assert.ok(error instanceof CocoError, String(error));
    assert.doesNotMatch(error.message, /\n/);
    return error.message;
  } finally {
    recommender.dispose();
  }
  throw new Error('Nothing was wrong.');
}

describe('vectors of another system', () => {
  it('are fused by weights that learn, while theirs stay; the result repeats the assumption', async () => {
    const users = [...smallShop().keys()].map((user) => [user, ...itemVector(user)]);
    const bare = await writeVectors(join(folder, 'bare.csv'), users);
    const { config: keys } = await fixtures.vectors(folder);
    const backbone = { id: 'vectors', ...keys, users: bare, assumeSeenUntil: 'train-1' };
    const recommender = createRecommender(config('vectors', backbone));
    const result = await recommender.fit();
    const { notes = [] } = resultTable(result);
    assert.ok(
      notes.some((note) => note.includes('assumeSeenUntil: train-1')),
      notes.join('\n'),
    );
    const { counts } = result.training.backbone as { counts: Record<string, number> };
    assert.equal(counts['items with a vector'], itemIds.length);
    const [user] = users[0] as string[];
    const [[[withUser]], [[without]]] = [
      await recommender.recommend([[]], 1, { users: [user] }),
      await recommender.recommend([['item1']], 1),
    ];
    assert.notEqual(withUser.score, without.score);
    recommender.dispose();
    const { weights } = await run(config('vectors', backbone));
    const names = [...weights.keys()];
    assert.ok(names.length > 0 && names.every((name) => name.startsWith('fusion/')), names.join());
  });

  it('without a fusion have nothing to train, and no warm start to ask for', async () => {
    const { config: keys } = await fixtures.vectors(folder);
    const backbone = { id: 'vectors', ...keys };
    const bare = createRecommender(config('bare', backbone, 'none'));
    const { training, test } = await bare.fit();
    bare.dispose();
    assert.equal(training.bestEpoch, 0);
    assert.ok(test['recall@10'] > 0);
    assert.match(
      await complaint(config('warm', backbone, 'mlp', { warmEpochs: 1 })),
      /"train\.warmEpochs" does nothing: backbone "vectors"/,
    );
  });
});

describe('a service that returns vectors', () => {
  it('is asked for what training needs, and asked again when it falters', async () => {
    const good = await run(config('good', http('/vectors')));
    const flaky = await run(config('flaky', http('/flaky', { retries: 3, batchSize: 64 })));
    assert.ok(good.steps > 0);
    assert.deepEqual(flaky.weights, good.weights);
    assert.deepEqual(flaky.test, good.test);
  });

  it('that has moved is found at its new address by whoever loads the model', async () => {
    const old = await startVectorService();
    const place = { url: old.at('/vectors'), itemsUrl: old.at('/items') };
    const trained = createRecommender(config('left', http('/vectors', place)));
    await trained.fit();
    const before = await trained.recommend([itemIds.slice(0, 3)], 5);
    trained.dispose();
    await old.stop();
    const left = join(folder, 'left');
    const silent = ['backbone.retries=0', 'backbone.timeoutSeconds=5'];
    await assert.rejects(loadRecommender(left, { set: silent }), /The service at http:.*\/items/);
    const set = [`backbone.url=${service.at('/vectors')}`, `backbone.itemsUrl=${service.at('/items')}`];
    const loaded = await loadRecommender(left, { set });
    assert.deepEqual(await loaded.recommend([itemIds.slice(0, 3)], 5), before);
    loaded.dispose();
    await assert.rejects(
      loadRecommender(left, { set: ['backbone.scale=2'] }),
      /--set backbone\.scale=2 goes with a config file; of a trained model with the backbone "http" only these may be set anew: .*backbone\.url/,
    );
  });

  it('that is ill is named, with what it did, in one sentence', async () => {
    const ill: [string, PlainConfig, RegExp][] = [
      ['/hangs', { timeoutSeconds: 0.3, retries: 1 }, /gave no answer within 0\.3 s \(2 tries\)/],
      ['/page', {}, /answered what is not JSON: "<html>Welcome/],
      ['/other', {}, /answered \{"embeddings":\[\]\}; expected \{"vectors"/],
      ['/wide', {}, /a vector of 9 numbers; those of the items have 8/],
      ['/few', {}, /answered 0 vectors; 1 were asked for/],
      ['/empty', {}, /number 2 of vector 1 is null; it must be finite/],
      ['/fails', { retries: 2 }, /answered 500 .*out of memory.* \(3 tries\)/],
      ['/forbids', { retries: 2 }, /answered 403 [^(]*no token[^(]*$/],
      ['/secret', {}, /answered 401/],
    ];
    for (const [path, keys, words] of ill) {
      const message = await complaint(config(`ill${path.slice(1)}`, http(path, keys)));
      assert.match(message, words);
      assert.ok(message.startsWith(`The service at ${service.at(path)}`), message);
    }
    const stumbled = 'It was asked for an empty history, which comes first and has to be answered too.';
    assert.match(
      await complaint(config('strict', http('/strict'))),
      new RegExp(`answered 422 .*empty.*${stumbled}$`),
    );
    const moved = await complaint(config('moved', http('/moved', { retries: 2 })));
    assert.match(
      moved,
      /sends on to http:\/\/127\.0\.0\.1:1\/vectors \(301\): write the new address in the config\.$/,
    );
    const items: [string, RegExp][] = [
      ['/hollow', /answered an empty vector \(number 1 of its answer\)/],
      ['/ignorant', /\/ignorant knows none of the 30 items of the data\.$/],
    ];
    for (const [path, words] of items) {
      const keys = { itemsUrl: service.at(path) };
      assert.match(await complaint(config(`items${path.slice(1)}`, http('/vectors', keys))), words);
    }
    const url = 'http://127.0.0.1:9/'; // nobody listens
    assert.match(await complaint(config('nobody', http('/vectors', { url }))), /cannot be reached/);
  });

  it('is not given a password in its address, which would be printed and saved', async () => {
    for (const key of ['url', 'itemsUrl']) {
      const address = 'http://bob:secret@127.0.0.1:9/';
      const message = await complaint(config('password', http('/vectors', { [key]: address })));
      assert.match(
        message,
        new RegExp(`"backbone\\.${key}" holds .* a password; .*"backbone\\.tokenVariable"`),
      );
      assert.doesNotMatch(message, /bob|secret/);
    }
  });

  it('is given the token of an environment variable', async () => {
    const keys = http('/secret', { tokenVariable: 'COCO_TEST_TOKEN' });
    assert.match(await complaint(config('token', keys)), /COCO_TEST_TOKEN, but that environment variable/);
    process.env.COCO_TEST_TOKEN = 'open sesame';
    try {
      assert.ok((await run(config('token', keys))).steps > 0);
    } finally {
      delete process.env.COCO_TEST_TOKEN;
    }
  });

  const deaths: [string, string, RegExp][] = [
    ['dies', '/dies', /cannot be reached or broke off/],
    ['hangs', '/stalls', /gave no answer within 3 s/],
  ];
  for (const [what, path, words] of deaths) {
    it(`that ${what} in the middle of an epoch loses nothing: the run goes on when it is back`, async () => {
      const mortal = await startVectorService({ answersLeft: 6 });
      const keys = http('', {
        url: mortal.at(path),
        itemsUrl: mortal.at('/items'),
        batchSize: 64,
        concurrency: 1,
        timeoutSeconds: what === 'hangs' ? 3 : 20,
      });
      const died = await complaint(config(what, keys));
      assert.match(died, words);
      assert.match(died, /Training stopped at joint epoch 1, step [1-9]\d*\./);
      assert.match(died, /The checkpoint is saved: the same command goes on from there\.$/);
      await mortal.stop();
      const revived = await startVectorService({ port: mortal.port });
      try {
        const rest = await run(config(what, keys));
        const whole = await run(config(`${what}-not`, http('/vectors')));
        assert.ok(rest.steps > 0 && rest.steps < whole.steps, `${rest.steps} of ${whole.steps} steps`);
        assert.deepEqual(rest.weights, whole.weights);
        assert.deepEqual(rest.test, whole.test);
      } finally {
        await revived.stop();
      }
    });
  }
});
