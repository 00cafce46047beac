/** Texts from a server that fails, and configs that change afterwards: what was paid for is kept and found. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'mocha';
import type { ExtractedText, ExtractionStep } from '@coco-rec/standard';
import type { CocoRun } from './testing/run-coco.js';
import { FaultServer } from './testing/fault-server.js';
import { Workshop, assertGood, assertRefused } from './testing/workshop.js';

describe('coco knowledge, with a server', function () {
  this.timeout(600_000);
  let shop: Workshop;
  let server: FaultServer;
  let cache = 0;

  before(async () => {
    [shop, server] = await Promise.all([Workshop.open(), FaultServer.start()]);
    const answers = `id: openai, baseUrl: '${server.baseUrl}', model: m`;
    const fusion = 'fusion: { id: kar, users: 5, popularItems: 4, answerTokens: 9 }';
    await shop.config('kar.yaml', `knowledge: { ${answers} }`, fusion, 'output: runs/kar');
    const vectors = 'embeddingModel: e, dimensions: 4';
    await shop.config('vectors.yaml', `knowledge: { ${answers}, ${vectors} }`, fusion, 'output: runs/kar');
  });
  after(() => Promise.all([shop.close(), server.stop()]));
  beforeEach(() => cache++);

  const coco = (...line: string[]): Promise<CocoRun> =>
    shop.coco(['knowledge', ...line], { environment: { COCO_CACHE: shop.at(`cache${cache}`) } });
  const stepsOf = (run: CocoRun): ExtractionStep[] => JSON.parse(run.output) as ExtractionStep[];

  it('goes on after the one prompt failed that all others hang on', async () => {
    await server.planFaults('bad prompt', 'bad prompt');
    const failed = await coco('extract', 'kar.yaml');
    assertRefused(
      failed,
      1,
      /did not name the factors \(.*the prompt is too long.*\)\. Run the same command/,
    );
    assert.equal((await server.prompts()).length, 2);
    const status = await coco('status', 'kar.yaml', '--json');
    assertGood(status);
    const [factors, users] = stepsOf(status);
    assert.deepEqual([factors.failed, factors.forecast?.requests], [1, 1]);
    assert.ok(users.forecast?.requests === users.texts && users.waiting === users.texts);
    const listed = await coco('inspect', 'kar.yaml', '--failed');
    assertGood(listed);
    assert.match(listed.output, /kar: factors\n[^]*\(no answer: .*the prompt is too long/);
    const healed = await coco('extract', 'kar.yaml');
    assertGood(healed);
    assert.match(healed.output, /kar: users +(\d+) +\1 +0 /);
  });

  it('keeps its texts when a model for vectors is named later, and flags odd ones only where that is free', async () => {
    await server.plan();
    assertGood(await coco('extract', 'kar.yaml'));
    const sent = (await server.prompts()).length;
    const status = await coco('status', 'vectors.yaml', '--json');
    assertGood(status);
    for (const { texts, written } of stepsOf(status)) assert.equal(written, texts);
    const without = await coco('export', 'kar.yaml');
    assertGood(without);
    assert.match(without.errors, /are not flagged: "knowledge" names no model that makes vectors/);
    const unasked = await coco('export', 'vectors.yaml');
    assertGood(unasked);
    assert.match(unasked.errors, /are not flagged: "openai" may charge for reading them; "--outliers"/);
    const flagged = await coco('inspect', 'vectors.yaml', '--flagged');
    assertGood(flagged);
    assert.equal((await server.requests()).length, sent, 'something was sent');
    const asked = await coco('export', 'vectors.yaml', '--outliers');
    assertGood(asked);
    const texts = asked.output.trim().split('\n');
    assert.equal(texts.length, sent);
    assert.ok(texts.every((line) => (JSON.parse(line) as ExtractedText).text));
    assert.ok((await server.requests()).some(({ path }) => path === '/v1/embeddings'));
  });
});
