import assert from 'node:assert/strict';
import { type GeneratedText, MemorySpendLedger, type PromptFailure } from '@coco-rec/core';
import { rejectsPlainly } from '../testing/complaints.js';
import type { HostedLLM } from './hosted-llm.js';
import type { OpenAIConfig } from './openai.js';
import { openHosted } from './testing/open-hosted.js';
import { FaultServer } from './testing/start-fault-server.js';

describe('what openai spends', () => {
  let server: FaultServer;

  const open = (changes: Partial<OpenAIConfig> = {}): Promise<HostedLLM> =>
    openHosted(server.baseUrl, changes);
  const tries = async (): Promise<number> => (await server.report()).seen.length;

  before(async () => (server = await FaultServer.start()));
  after(() => server.stop());

  it('never spends more than the cap, and keeps what it paid for', async () => {
    // Each answer is 70 millionths of a dollar, at most (64 + 6 bytes) × 2 + 9 × 10.
    const prices = { promptPrice: 2, answerPrice: 10, concurrency: 3 };
    const prompts = Array.from({ length: 20 }, (_, i) => `text ${String.fromCharCode(97 + i)}`);
    const llm = await open({ ...prices, maxCost: 500e-6 });
    const forecast = await llm.forecast(prompts.slice(0, 2), { maxTokens: 9 });
    assert.deepEqual(forecast, { requests: 2, promptTokens: 140, answerTokens: 18, cost: 460e-6 });
    await server.plan('broken', 'empty', 'no usage'); // costs nothing, what it used, and all it can have used
    let spent = 0;
    const onAnswer = (_: number, { cost }: GeneratedText): void => void (spent += cost);
    await rejectsPlainly(
      () => llm.generate(prompts, { maxTokens: 9, onAnswer }),
      /"knowledge\.maxCost", \$0\.000500: \$0\.000\d+ went into \d requests/,
    );
    const sent = await tries();
    const { cost, requests } = llm.account.spent();
    assert.ok(cost <= 500e-6 && cost > 500e-6 - 230e-6, String(cost));
    // The empty answer is told with the one that came after it, if one came.
    assert.ok(
      [0, 70e-6].some((lost) => Math.abs(spent + lost - cost) < 1e-9),
      `${spent}, ${cost}`,
    );
    assert.equal(requests + 1, sent);
    await rejectsPlainly(() => llm.generate(['text z'], { maxTokens: 9 }), /maxCost/);
    assert.equal(await tries(), sent);
  });

  it('tells what a prompt without answer cost, and that its answers were empty', async () => {
    const spend = new MemorySpendLedger();
    const prices = { promptPrice: 2, answerPrice: 10, concurrency: 1 };
    const llm = await openHosted(server.baseUrl, prices, { spend });
    await server.plan('empty', 'broken', 'empty', 'empty', 'bad prompt', 'empty');
    const told: [number, string, PromptFailure | undefined][] = [];
    const costs: number[] = [];
    await llm.generate(['a', 'b', 'c'], {
      maxTokens: 9,
      onFailure: (index, reason, failure) => void told.push([index, reason, failure]),
      onAnswer: (_, { cost }) => void costs.push(cost),
    });
    assert.match(told[0][1], /the answer is empty, after 2 retries\.$/);
    assert.deepEqual(told.map(([index, , failure]) => [index, failure?.kind]), [[0, 'empty'], [1, undefined]]); // prettier-ignore
    const lost = told.map(([, , failure]) => failure?.cost ?? NaN);
    assert.ok(Math.abs(lost[0] - 140e-6) < 1e-9 && Math.abs(lost[1] - 70e-6) < 1e-9, lost.join());
    assert.ok(Math.abs(costs[0] - 140e-6) < 1e-9, costs.join());
    const { cost } = spend.spent(llm.account.name);
    assert.ok(Math.abs(cost - lost[0] - lost[1] - costs[0]) < 1e-9, String(cost));
  });

  it('has one cap for all starts at a server, whatever the models', async () => {
    // An answer costs 70 millionths of a dollar, and at most (64 + 1 byte) × 2 + 9 × 10 = 220.
    const spend = new MemorySpendLedger();
    const prices = { promptPrice: 2, answerPrice: 10, concurrency: 1 };
    const start = (changes: Partial<OpenAIConfig>): Promise<HostedLLM> =>
      openHosted(server.baseUrl, { ...prices, ...changes }, { spend });
    const prompts = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
    await server.plan();
    await (await start({})).generate(prompts.slice(0, 2), { maxTokens: 9 }); // 140 without a cap
    await rejectsPlainly(
      async () => (await start({ maxCost: 500e-6 })).generate(prompts.slice(2), { maxTokens: 9 }),
      /maxCost", \$0\.000500: \$0\.000350 went into 5 requests to 127\.0\.0\.1:\d+ in all starts/,
    );
    assert.equal(await tries(), 5);
    await rejectsPlainly(
      async () => (await start({ maxCost: 500e-6 })).generate(['i'], { maxTokens: 9 }),
      /maxCost/,
    );
    assert.equal(await tries(), 5);
    const more = { embeddingModel: 'e', embeddingPrice: 1 };
    for (const changes of [{ model: 'n' }, more]) {
      const other = await start({ maxCost: 500e-6, ...changes });
      await rejectsPlainly(() => other.generate(['i'], { maxTokens: 9 }), /maxCost/);
    }
    assert.equal(await tries(), 5);
    await (await start({ maxCost: 570e-6 })).generate(['i'], { maxTokens: 9 });
    assert.equal(await tries(), 6);
  });

  it('is charged nothing for requests that it stops before they are sent', async () => {
    const [spend, controller] = [new MemorySpendLedger(), new AbortController()];
    const limits = { promptPrice: 2, answerPrice: 10, requestsPerMinute: 1, concurrency: 4 };
    const llm = await openHosted(server.baseUrl, limits, { spend });
    await server.plan();
    const onAnswer = (): void => controller.abort(new Error('stopped here'));
    const made = llm.generate(['a', 'b', 'c', 'd'], { maxTokens: 9, onAnswer, signal: controller.signal });
    await assert.rejects(made, /stopped here/);
    assert.equal(await tries(), 1);
    assert.deepEqual(spend.spent(new URL(server.baseUrl).host), { cost: 70e-6, requests: 1 });
  });
});
