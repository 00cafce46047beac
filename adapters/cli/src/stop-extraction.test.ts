/** `coco knowledge extract` against a server in another process, ended in the middle: what was sent is counted there. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'mocha';
import type { CocoRun } from './testing/run-coco.js';
import { FaultServer } from './testing/fault-server.js';
import { Workshop, assertGood, assertRefused } from './testing/workshop.js';

const answered = 9;
const concurrency = 3;

describe('coco knowledge extract, ended in the middle', function () {
  this.timeout(600_000);
  let shop: Workshop;
  let server: FaultServer;
  let cache = 0;

  before(async () => {
    [shop, server] = await Promise.all([Workshop.open(), FaultServer.start()]);
    await shop.config(
      'kar.yaml',
      `knowledge: { id: openai, baseUrl: '${server.baseUrl}', model: m, concurrency: ${concurrency}, timeout: 600 }`,
      'fusion: { id: kar, users: 20, popularItems: 4, answerTokens: 9 }',
      'output: runs/kar',
    );
  });
  after(() => Promise.all([shop.close(), server.stop()]));
  beforeEach(() => cache++);

  const coco = (end?: 'SIGINT' | 'SIGKILL'): Promise<CocoRun> =>
    shop.coco(['knowledge', 'extract', 'kar.yaml'], {
      environment: { COCO_CACHE: shop.at(`cache${cache}`) },
      end: end && { by: end, when: server.untilSeen(answered + concurrency) },
    });

  /** Ends an extraction while `concurrency` requests wait for an answer. @returns it, and what was answered before */
  async function endedBy(signal: 'SIGINT' | 'SIGKILL'): Promise<{ run: CocoRun; stored: string[] }> {
    await server.plan(answered, concurrency);
    const run = await coco(signal);
    const prompts = await server.prompts();
    assert.equal(prompts.length, answered + concurrency, 'something was sent after the end');
    return { run, stored: prompts.slice(0, answered) };
  }

  /** The same command again: in the end all is written, and nothing that was answered is asked again. */
  async function goesOn(stored: readonly string[]): Promise<void> {
    await server.plan();
    const run = await coco();
    assertGood(run);
    const sent = await server.prompts();
    const again = sent.filter((prompt) => stored.includes(prompt));
    assert.deepEqual(again, []);
    assert.equal(new Set(sent).size, sent.length, 'a prompt was sent twice');
    const steps = [...run.output.matchAll(/^ *kar: \w+ +(\d+) +(\d+) +0 /gm)];
    assert.equal(steps.length, 3, run.output);
    for (const [, texts, written] of steps) assert.equal(written, texts);
    const total = steps.reduce((sum, [, texts]) => sum + Number(texts), 0);
    assert.equal(stored.length + sent.length, total);
    assert.ok(total > answered + 2 * concurrency);
  }

  it('by Ctrl-C says with 130 how to go on; the second start sends no answered prompt again', async () => {
    const { run, stored } = await endedBy('SIGINT');
    assertRefused(run, 130, /Every answer that came is kept: the same command goes on with the rest\.$/);
    await goesOn(stored);
  });

  it('by kill -9 loses the requests in flight only; the second start sends no answered prompt again', async () => {
    const { run, stored } = await endedBy('SIGKILL');
    assert.equal(run.code, 137);
    await goesOn(stored);
  });
});
