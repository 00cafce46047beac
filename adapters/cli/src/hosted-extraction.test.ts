/** What `coco knowledge` says of the money that a hosted model costs, and when it sends something. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import type { ExtractionStep } from '@coco-rec/standard';
import type { CocoRun } from './testing/run-coco.js';
import { FaultServer } from './testing/fault-server.js';
import { Workshop, assertGood } from './testing/workshop.js';

describe('coco knowledge with a hosted model', function () {
  this.timeout(240_000);
  let shop: Workshop;
  let server: FaultServer;

  before(async () => {
    [shop, server] = await Promise.all([Workshop.open(), FaultServer.start()]);
    await shop.config(
      'kar.yaml',
      `knowledge: { id: openai, baseUrl: '${server.baseUrl}', model: m, embeddingModel: e, retryDelay: 0 }`,
      'fusion: { id: kar, users: 2, popularItems: 1, answerTokens: 9 }',
      'output: runs/kar',
    );
  });
  after(() => Promise.all([shop.close(), server.stop()]));

  const coco = (command: string, ...more: string[]): Promise<CocoRun> =>
    shop.coco(['knowledge', command, 'kar.yaml', ...more], { environment: { COCO_CACHE: shop.at('cache') } });
  const prices = ['promptPrice=1000', 'answerPrice=1000', 'embeddingPrice=1000'];
  const priced = (...more: string[]): string[] =>
    [...prices, ...more].flatMap((key) => ['--set', `knowledge.${key}`]);

  it('looks without sending anything, and says which prices are missing', async () => {
    await server.plan();
    const unknown =
      /The cost is not known: set "promptPrice" and "answerPrice" and "embeddingPrice" of the language model/;
    const status = await coco('status');
    assertGood(status);
    assert.match(status.output, unknown);
    assert.match(status.output, /not known\n.*without retries/s);
    assert.match(status.output, /account: \$0\.0000, no cap \(127\.0\.0\.1:\d+, all starts; without "promp/);
    const forecast = await coco('extract', '--forecast');
    assertGood(forecast);
    assert.match(forecast.output, unknown);
    assert.deepEqual(await server.prompts(), []);
  });

  it('says before the start that the cap may not suffice', async () => {
    const forecast = await coco('extract', '--forecast', ...priced('maxCost=0.5'));
    assertGood(forecast);
    assert.match(forecast.output, /"maxCost" leaves \$0\.5000, which may not suffice/);
    assert.match(forecast.output, /account: \$0\.0000 of \$0\.5000 \(127/);
    assert.doesNotMatch(forecast.output, /not known/);
    const enough = await coco('status', ...priced('maxCost=500'));
    assertGood(enough);
    assert.doesNotMatch(enough.output, /may not suffice/);
  });

  it('counts what failed tries cost: by step as much as the account says', async () => {
    await server.plan(0, 9999, 'empty');
    const run = await coco('extract', ...priced());
    assertGood(run);
    const sent = (await server.prompts()).length;
    const prompts = Number(/^(\d+) in all/m.exec(run.errors)?.[1]);
    assert.equal(sent, 6 * prompts, 'two retries, and all of it once more');
    const cost = 0.015 * sent; // 15 tokens each
    assert.match(run.output, new RegExp(`account: \\$${cost.toFixed(cost < 1 ? 4 : 2)}, no cap`));
    const status = await coco('status', '--json', ...priced());
    const steps = JSON.parse(status.output) as ExtractionStep[];
    const byStep = steps.reduce((sum, step) => sum + step.cost, 0);
    assert.ok(Math.abs(byStep - cost) < 1e-9, `${byStep} instead of ${cost}`);
  });

  it('goes on after that, and trains on vectors whose length it learns from the server', async () => {
    await server.plan();
    const run = await coco('extract');
    assertGood(run);
    assert.match(run.output, /kar: users +2 +2 +0 /);
    const environment = { COCO_CACHE: shop.at('cache') };
    const trained = await shop.coco(['train', 'kar.yaml'], { environment });
    assertGood(trained);
    assert.match(trained.errors, /kar: 2 of 2 users have a text/);
  });
});
