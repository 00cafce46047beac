import assert from 'node:assert/strict';
import { OutsideError } from '@coco-rec/core';
import type { HostedLLM } from './hosted-llm.js';
import type { Fault } from './testing/fault-server.js';
import { openHosted } from './testing/open-hosted.js';
import { FaultServer } from './testing/start-fault-server.js';

describe('a server that fails on one prompt after another', () => {
  let server: FaultServer;
  const open = (concurrency: number, changes = {}): Promise<HostedLLM> =>
    openHosted(server.baseUrl, { concurrency, maxRetries: 0, timeout: 10, ...changes });
  const tries = async (): Promise<number> => (await server.report()).seen.length;
  const prompts = Array.from({ length: 40 }, (_, i) => `prompt ${i}`);
  const times = (count: number, fault: Fault): Fault[] => Array<Fault>(count).fill(fault);

  before(async () => (server = await FaultServer.start()));
  after(() => server.stop());

  /** @returns failures that were told, and what ended the work */
  async function ask(llm: HostedLLM): Promise<{ failed: number; error?: Error }> {
    let failed = 0;
    const onFailure = (): void => void failed++;
    const made = llm.generate(prompts, { maxTokens: 9, onFailure, onAnswer: () => undefined });
    const error = await made.then(
      () => undefined,
      (error: Error) => error,
    );
    return { failed, error };
  }

  it('ends the work after ten, in one sentence that says what was seen last', async () => {
    await server.plan(...times(99, 'broken'));
    const { failed, error } = await ask(await open(1, { maxRetries: 1 }));
    assert.ok(error instanceof OutsideError);
    assert.match(
      error.message,
      /^127\.0\.0\.1:\d+ failed on 10 prompts in a row, at last so: it answered 500: something broke, after 1 retries\. Every answer that came is kept: .*same command goes on/,
    );
    assert.deepEqual([failed, await tries()], [9, 20]);
  });

  it('does so after as many as are under way at once, and what is under way is not tried to the end', async () => {
    await server.plan(...times(12, 'broken'), ...times(999, 'hang'));
    const { failed, error } = await ask(await open(12, { maxRetries: 3, timeout: 0.3 }));
    assert.match(
      error?.message ?? '',
      /failed on 12 prompts in a row, at last so: there was no answer within/,
    );
    assert.equal(failed, 11);
    assert.ok((await tries()) <= 12 * 4 + 11 * 2, String(await tries()));
  });

  it('goes on where an answer, an empty one or a refusal comes between', async () => {
    for (const between of ['late', 'empty', 'half a JSON', 'bad prompt'] as const) {
      await server.plan(...[1, 2, 3].flatMap(() => [...times(9, 'broken'), between]));
      const { failed, error } = await ask(await open(1));
      assert.equal(error, undefined, between);
      assert.equal(failed, between === 'late' ? 27 : 30);
    }
  });

  it('goes on where answers are empty, however many', async () => {
    await server.plan(...times(99, 'empty'));
    assert.deepEqual(await ask(await open(4)), { failed: 40, error: undefined });
  });
});
