import assert from 'node:assert/strict';
import { type KnowledgeStore, UsageError } from '@coco-rec/core';
import { FileKnowledgeStore } from '../knowledge-store.js';
import { rejectsPlainly } from '../testing/complaints.js';
import { TemporaryFolder } from '../testing/temporary-folder.js';
import type { HostedLLM } from './hosted-llm.js';
import type { OpenAIConfig } from './openai.js';
import { key, openHosted } from './testing/open-hosted.js';
import { FaultServer } from './testing/start-fault-server.js';

describe('vectors of openai', () => {
  const folder = new TemporaryFolder();
  let server: FaultServer;
  const open = (
    changes: Partial<OpenAIConfig> = {},
    outside: { knowledge?: KnowledgeStore } = {},
  ): Promise<HostedLLM> => openHosted(server.baseUrl, changes, outside);
  const tries = async (): Promise<number> => (await server.report()).seen.length;

  before(async () => (server = await FaultServer.start()));
  after(async () => {
    folder.remove();
    await server.stop();
  });

  const encoder = { model: undefined, embeddingModel: 'e', textsPerRequest: 2 };
  const texts = ['ab', '', 'xyz', 'tent', 'soap'];
  const expected = [97, 98, 0, 0, 0, 0, 0, 0, 120, 121, 122, 0, 116, 101, 110, 116, 115, 111, 97, 112];

  it('are those of their texts, in batches, the empty text’s zero; their length is learnt', async () => {
    await server.plan();
    const llm = await open(encoder);
    assert.equal(await tries(), 0, 'making it sends nothing');
    assert.deepEqual([...(await llm.encode(texts))], expected);
    await llm.learnHiddenSize();
    assert.equal(llm.hiddenSize, 4);
    const { seen } = await server.report();
    const [probe, ...batches] = seen.map(({ body }) => body.input as string[]);
    assert.equal(probe.length, 1);
    assert.deepEqual(
      batches.sort(),
      [
        ['ab', 'xyz'],
        ['tent', 'soap'],
      ].sort(),
    );
    assert.deepEqual(llm.capabilities, { encode: true, generate: false, differentiable: false });
  });

  it('are asked for once', async () => {
    const knowledge = new FileKnowledgeStore(folder.at('store'));
    const fixed = { ...encoder, dimensions: 4, concurrency: 1 };
    const first = await open(fixed, { knowledge });
    await server.plan('late', 'bad prompt');
    await rejectsPlainly(() => first.encode(texts), /it answered 400/);
    await server.plan();
    assert.deepEqual([...(await (await open(fixed, { knowledge })).encode(texts))], expected);
    assert.deepEqual(
      (await server.report()).seen.flatMap(({ body }) => body.input),
      ['xyz', 'tent', 'soap'],
    );
    await server.plan();
    await (await open(fixed, { knowledge })).encode(texts);
    assert.equal(await tries(), 0);
  });

  for (const [fault, pattern] of [
    ['short vector', /a vector of 3 numbers instead of 4/],
    ['vector of nothing', /a vector that is none/],
    ['vector too few', /1 vectors for 2 texts/],
    ['hang', /no answer within 0\.2 s/],
  ] as const) {
    it(`"${fault}" is tried again, then told`, async () => {
      const llm = await open({ ...encoder, dimensions: 4, maxRetries: 1, timeout: 0.2 });
      await server.plan(fault);
      assert.deepEqual(
        [...(await llm.encode(['ab', 'xyz']))],
        [...expected.slice(0, 4), ...expected.slice(8, 12)],
      );
      await server.plan(fault, fault);
      await rejectsPlainly(() => llm.encode(['ab', 'xyz']), pattern);
    });
  }

  it('stay below the cap', async () => {
    const llm = await open({
      ...encoder,
      dimensions: 4,
      embeddingPrice: 1,
      maxCost: 134e-6,
      concurrency: 1,
    });
    await server.plan();
    await rejectsPlainly(() => llm.encode(texts), /maxCost/);
    assert.equal(await tries(), 1); // cost 3 millionths; the next may cost 135
  });
});

describe('config of openai', () => {
  const open = (changes: Partial<OpenAIConfig> = {}): Promise<HostedLLM> =>
    openHosted('http://localhost:1/v1', changes);

  it('another server, model or parameter is another hash', async () => {
    const changes: Partial<OpenAIConfig>[] = [
      {},
      { model: 'n' },
      { temperature: 1 },
      { seed: 1 },
      { baseUrl: 'http://example.org/v1' },
      { embeddingModel: 'e', dimensions: 4 },
      { embeddingModel: 'e', dimensions: 8 },
    ];
    const hashes = await Promise.all(changes.map(async (change) => (await open(change)).contentHash));
    assert.equal(new Set(hashes).size, changes.length);
    const same = await open({
      concurrency: 9,
      maxRetries: 0,
      timeout: 5,
      promptPrice: 1,
      answerPrice: 1,
      maxCost: 1,
    });
    assert.equal(same.contentHash, hashes[0]);
    const answerHashes = await Promise.all(changes.map(async (change) => (await open(change)).answerHash));
    assert.equal(answerHashes[0], hashes[0], 'texts that were stored before are found');
    assert.deepEqual(
      answerHashes.slice(5),
      [hashes[0], hashes[0]],
      'another model for vectors, the same answers',
    );
    assert.equal(new Set(answerHashes).size, 5);
  });

  it('says whose cost is not known, and what was paid', async () => {
    const forecastOf = async (changes: Partial<OpenAIConfig>): Promise<number> =>
      (await (await open(changes)).forecast(['a'], { maxTokens: 1 })).cost;
    assert.ok(Number.isNaN(await forecastOf({})));
    assert.ok(Number.isNaN(await forecastOf({ promptPrice: 2 })));
    assert.equal(await forecastOf({ promptPrice: 0, answerPrice: 0 }), 0);
    const { account } = await open({ promptPrice: 2, embeddingModel: 'e' });
    assert.deepEqual(account.missingPrices, ['answerPrice', 'embeddingPrice']);
    assert.deepEqual([account.cap, account.spent()], [undefined, { cost: 0, requests: 0 }]);
    const capped = await open({ promptPrice: 2, answerPrice: 1, maxCost: 3 });
    assert.deepEqual([capped.account.cap, capped.account.missingPrices], [3, []]);
  });

  it('refuses a key that no header can hold, by its variable; a line break at its end is none of it', async () => {
    const apiKeyVariable = 'COCO_ODD_KEY';
    try {
      for (const odd of ['sk-one\nsk-two', 'sk-\u201cquoted\u201d', 'sk one', 'sk-\x07']) {
        process.env[apiKeyVariable] = odd;
        await assert.rejects(open({ apiKeyVariable }), (error: Error) => {
          assert.ok(error instanceof UsageError);
          assert.match(error.message, /key in the environment variable COCO_ODD_KEY holds a line break/);
          return !error.message.includes('sk');
        });
      }
      process.env[apiKeyVariable] = 'sk-one\r\n';
      await open({ apiKeyVariable });
    } finally {
      delete process.env[apiKeyVariable];
    }
  });

  it('refuses a config that makes no sense, and never repeats a key', async () => {
    for (const [changes, pattern] of [
      [{ apiKeyVariable: key }, /apiKeyVariable" must be the name of an environment variable, never the key/],
      [{ baseUrl: 'localhost:80' }, /baseUrl" must be an address/],
      [{ baseUrl: `https://user:${key}@example.org/v1` }, /without user and password/],
      [{ model: undefined }, /neither a "model" .* nor an "embeddingModel"/],
      [{ maxCost: 1 }, /"knowledge\.maxCost" needs "promptPrice" and "answerPrice" as well/],
      [{ maxCost: 1, promptPrice: 2 }, /"knowledge\.maxCost" needs "answerPrice" as well/],
      [{ maxCost: 1, promptPrice: 2, answerPrice: 2, embeddingModel: 'e' }, /needs "embeddingPrice" as well/],
      [{ maxCost: 1, promptPrice: 0, answerPrice: 0 }, /needs prices, and all of them are 0/],
    ] as const) {
      await assert.rejects(open(changes), (error: Error) => {
        assert.ok(error instanceof UsageError);
        assert.match(error.message, pattern);
        assert.equal(error.message.includes(key), false);
        return true;
      });
    }
    for (const apiKeyVariable of ['gsk_abcDEF0123456789', 'AIzaSyabcDEF', 'two words']) {
      await assert.rejects(open({ apiKeyVariable }), (error: Error) => {
        assert.match(error.message, /apiKeyVariable" must be the name of an environment variable, never the/);
        return !error.message.includes(apiKeyVariable);
      });
    }
    const mute = await open({ model: undefined, embeddingModel: 'e', dimensions: 4 });
    await rejectsPlainly(() => mute.generate(['a'], { maxTokens: 1 }), /"knowledge\.model" is missing/);
    const blind = await open();
    await rejectsPlainly(() => blind.encode(['a']), /"knowledge\.embeddingModel" is missing/);
  });
});
