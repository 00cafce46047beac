import assert from 'node:assert/strict';
import { CocoError, type GeneratedText } from '@coco-rec/core';
import { rejectsPlainly } from '../testing/complaints.js';
import type { HostedLLM } from './hosted-llm.js';
import type { OpenAIConfig } from './openai.js';
import type { Fault } from './testing/fault-server.js';
import { key, openHosted } from './testing/open-hosted.js';
import { FaultServer } from './testing/start-fault-server.js';

describe('openai against a server with faults', () => {
  let server: FaultServer;

  const open = (changes: Partial<OpenAIConfig> = {}): Promise<HostedLLM> =>
    openHosted(server.baseUrl, changes);
  /** The one answer after these faults. */
  const answerAfter = async (
    faults: readonly Fault[],
    changes: Partial<OpenAIConfig> = {},
  ): Promise<string> => {
    const llm = await open({ timeout: 10, ...changes });
    await server.plan(...faults);
    return (await llm.generate(['hello'], { maxTokens: 9 }))[0];
  };
  const tries = async (): Promise<number> => (await server.report()).seen.length;

  before(async () => (server = await FaultServer.start()));
  after(() => server.stop());

  it('asks for the answers, with the key of the environment, and counts what they took', async () => {
    const llm = await open({ promptPrice: 2, answerPrice: 10, seed: 3 });
    await server.plan();
    const told = new Map<number, GeneratedText>();
    const prompts = ['one', '', 'three'];
    const onAnswer = (index: number, answer: GeneratedText): void => void told.set(index, answer);
    assert.deepEqual(await llm.generate(prompts, { maxTokens: 9, onAnswer }), [
      'echo: one',
      '',
      'echo: three',
    ]);
    assert.deepEqual([...told.keys()].sort(), [0, 1, 2]);
    assert.deepEqual(told.get(2), { text: 'echo: three', promptTokens: 10, answerTokens: 5, cost: 70e-6 });
    assert.deepEqual(told.get(1), { text: '', promptTokens: 0, answerTokens: 0, cost: 0 });
    const { seen } = await server.report();
    assert.deepEqual(
      seen.map(({ path, authorization }) => [path, authorization]),
      [
        ['/v1/chat/completions', `Bearer ${key}`],
        ['/v1/chat/completions', `Bearer ${key}`],
      ],
    );
    const message = { role: 'user', content: 'one' };
    assert.deepEqual(
      seen.map(({ body }) => body).find(({ messages }) => JSON.stringify(messages).includes('one')),
      { model: 'm', messages: [message], max_tokens: 9, temperature: 0, seed: 3 },
    );
  });

  it('sends no key where there is none, and the parameters that the config names', async () => {
    const llm = await open({
      apiKeyVariable: 'COCO_NO_SUCH',
      temperature: null,
      tokenLimit: 'max_completion_tokens',
    });
    await server.plan();
    await llm.generate(['one'], { maxTokens: 9 });
    const [{ headers, body }] = (await server.report()).seen;
    assert.equal(headers.includes('authorization'), false);
    assert.deepEqual(Object.keys(body).sort(), ['max_completion_tokens', 'messages', 'model']);
  });

  for (const fault of [
    'broken',
    'cut',
    'cut within',
    'half a JSON',
    'no JSON',
    'empty',
    'hang',
    'hang within',
  ] as const) {
    it(`"${fault}" is tried again, then told`, async () => {
      const patience = fault.startsWith('hang') ? { timeout: 1 } : {};
      assert.equal(await answerAfter([fault, fault], patience), 'echo: hello');
      assert.equal(await tries(), 3);
      const reasons: Record<typeof fault, RegExp> = {
        broken: /it answered 500: something broke/,
        cut: /the connection broke/,
        'cut within': /the connection broke/,
        'half a JSON': /half a JSON/,
        'no JSON': /the answer is empty/,
        empty: /the answer is empty/,
        hang: /no answer within 0\.2 s/,
        'hang within': /no answer within 0\.2 s/,
      };
      const changes = { maxRetries: 1, timeout: fault.startsWith('hang') ? 0.2 : 10 };
      await rejectsPlainly(() => answerAfter([fault, fault], changes), reasons[fault]);
      assert.equal(await tries(), 2);
    });
  }

  it('an empty answer after more failures than it has retries is told at once', async () => {
    const faults: Fault[] = ['broken', 'broken', 'broken', ...Array<Fault>(9).fill('empty')];
    await rejectsPlainly(() => answerAfter(faults), /the answer is empty, after 3 retries/);
    assert.equal(await tries(), 4);
  });

  it('"too many" is tried again after the time that the server asked for, by all requests', async () => {
    const llm = await open({ concurrency: 2 });
    await server.plan('too many', 'late'); // late: still under way when the first is told to wait
    assert.deepEqual(
      await llm.generate(['a', 'b', 'c', 'd'], { maxTokens: 9 }),
      ['a', 'b', 'c', 'd'].map((x) => `echo: ${x}`),
    );
    const { seen } = await server.report();
    assert.equal(seen.length, 5);
    const waited = seen.filter(({ at }) => at >= seen[0].at + 999);
    assert.ok(waited.length >= 3, `${waited.length} requests waited`); // one was under way already
    await rejectsPlainly(
      () => answerAfter(['too many for long']),
      /asks to wait for 86400 s: .*come back tomorrow/,
    );
  });

  it('a prompt that is refused is told, the others have their answers', async () => {
    const llm = await open({ concurrency: 1 });
    await server.plan('late', 'bad prompt');
    const failures: [number, string][] = [];
    const onFailure = (index: number, reason: string): void => void failures.push([index, reason]);
    assert.deepEqual(await llm.generate(['a', 'b', 'c'], { maxTokens: 9, onFailure }), [
      'echo: a',
      '',
      'echo: c',
    ]);
    assert.equal(failures.length, 1);
    assert.equal(failures[0][0], 1);
    assert.match(failures[0][1], /^127\.0\.0\.1:\d+: it answered 400: the prompt is too long\.$/);
    assert.equal(await tries(), 3);
  });

  it('what no prompt survives ends the work, after what is under way is told', async () => {
    const llm = await open({ concurrency: 2 });
    for (const [fault, pattern] of [
      ['wrong key', /it answered 401: Incorrect key: Bearer …\. The key in COCO_TEST_KEY may be wrong\./],
      ['quota', /it answered 429: pay first\./],
      ['cannot do', /it answered 501: start it with --embeddings\.$/],
    ] as const) {
      await server.plan(fault, 'late');
      const answers: string[] = [];
      const onAnswer = async (_: number, { text }: GeneratedText): Promise<void> => {
        await new Promise(setImmediate);
        answers.push(text);
      };
      const onFailure = (): never => assert.fail('it is no failure of one prompt');
      await rejectsPlainly(
        () => llm.generate(['a', 'b', 'c', 'd'], { maxTokens: 9, onAnswer, onFailure }),
        pattern,
      );
      assert.equal(answers.length, 1);
      assert.equal(await tries(), 2);
    }
  });

  it('the key is in no error, by whatever property', async () => {
    const error = await answerAfter(['wrong key']).catch((error: unknown) => error);
    assert.ok(error instanceof CocoError);
    const all = [error.message, error.stack, JSON.stringify(error), String(error.cause)].join();
    assert.equal(all.includes(key), false, all);
  });

  it('a server that is not there ends the work', async () => {
    const gone = await FaultServer.start();
    await gone.stop();
    const llm = await open({ baseUrl: gone.baseUrl, maxRetries: 2 });
    const onFailure = (): never => assert.fail('it is no failure of one prompt');
    await rejectsPlainly(
      () => llm.generate(['a', 'b'], { maxTokens: 9, onFailure }),
      /cannot be reached \(ECONNREFUSED\), after 2 retries/,
    );
  });

  it('has as many requests under way as allowed', async () => {
    for (const concurrency of [1, 3]) {
      const llm = await open({ concurrency });
      await server.plan(...Array.from({ length: 6 }, () => 'late' as const));
      await llm.generate(['a', 'b', 'c', 'd', 'e', 'f'], { maxTokens: 9 });
      assert.equal((await server.report()).mostAtOnce, concurrency);
    }
  });

  it('sends no more tokens in a minute than the config says', async () => {
    const controller = new AbortController();
    // A request may take 64 + 1 + 9 tokens, and the first takes 15.
    const llm = await open({ tokensPerMinute: 80, concurrency: 1 });
    await server.plan();
    const onAnswer = (): void => void setTimeout(() => controller.abort(new Error('stopped here')), 100);
    const made = llm.generate(['a', 'b'], { maxTokens: 9, onAnswer, signal: controller.signal });
    await assert.rejects(made, /stopped here/);
    assert.equal(await tries(), 1);
  });

  it('tells one answer after another, though they come together', async () => {
    const llm = await open({ concurrency: 4 });
    await server.plan();
    let telling = 0;
    const onAnswer = async (): Promise<void> => {
      assert.equal(++telling, 1);
      await new Promise((resolve) => setTimeout(resolve, 5));
      telling--;
    };
    await llm.generate(['a', 'b', 'c', 'd'], { maxTokens: 9, onAnswer });
  });

  it('an answer that cannot be stored ends the work', async () => {
    const llm = await open({ concurrency: 1 });
    await server.plan();
    const onAnswer = (): never => {
      throw new Error('the disk is full');
    };
    await assert.rejects(llm.generate(['a', 'b'], { maxTokens: 9, onAnswer }), /the disk is full/);
    assert.equal(await tries(), 1);
  });

  it('stops at once by its signal, whatever it waits for', async () => {
    for (const fault of ['hang', 'hang within', 'too many'] as const) {
      const controller = new AbortController();
      const llm = await open({ timeout: 60 });
      await server.plan(fault, fault);
      const made = llm.generate(['a'], { maxTokens: 9, signal: controller.signal });
      while ((await tries()) === 0);
      controller.abort(new Error('stopped here'));
      await assert.rejects(made, /stopped here/);
    }
  });

  it('binds the answer to a schema; a server that takes none is asked without, once for all', async () => {
    const schema = { type: 'object', properties: { echo: { type: 'string' } } };
    const llm = await open({ concurrency: 1 });
    await server.plan('broken off');
    assert.deepEqual(await llm.generate(['a'], { maxTokens: 9, schema }), ['{"echo":"a"}']);
    const formats = (await server.report()).seen.map(({ body }) => body.response_format);
    const format = { type: 'json_schema', json_schema: { name: 'answer', schema, strict: true } };
    assert.deepEqual(formats, [format, format]); // the first answer broke off
    await server.plan('no schema');
    assert.deepEqual(await llm.generate(['a', 'b'], { maxTokens: 9, schema }), ['echo: a', 'echo: b']);
    const { seen } = await server.report();
    assert.deepEqual(
      seen.map(({ body }) => 'response_format' in body),
      [true, false, false],
    );
  });
});
