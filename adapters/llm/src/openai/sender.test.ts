import assert from 'node:assert/strict';
import { MemorySpendLedger } from '@coco-rec/core';
import OpenAI from 'openai';
import { PromptError } from '../answering/answer-all.js';
import { rejectsPlainly } from '../testing/complaints.js';
import { TimeOutError } from './failure.js';
import { type Request, Sender, type SenderOptions } from './sender.js';
import { SimulatedTimer } from './testing/simulated-timer.js';

const timerOf = (meanwhile?: () => Promise<void>): SimulatedTimer => new SimulatedTimer(meanwhile);
const open = (timer: SimulatedTimer, more: Partial<SenderOptions> = {}): Sender =>
  new Sender({
    host: 'example.org',
    key: undefined,
    keyVariable: 'COCO_TEST_KEY',
    account: 'example.org m',
    maxRetries: 5,
    retryDelay: 1,
    timeout: 10,
    timer,
    ...more,
  });

const refusal = (status: number, headers: Record<string, string> = {}): Error =>
  new OpenAI.APIError(status, { message: 'not now' }, undefined, new Headers(headers));

/** A request that fails so, one failure a try, and then has its answer. */
function request(
  failures: readonly Error[],
  use = { tokens: 10, cost: 0 },
): Request<string> & { tries: number } {
  const made = {
    tries: 0,
    worst: use,
    send: () => {
      const failure = failures.at(made.tries++);
      return failure ? Promise.reject(failure) : Promise.resolve({ result: 'so', use });
    },
  };
  return made;
}

/** ms that the Sender waits after these failures. */
async function waitsAfter(failures: readonly Error[], more: Partial<SenderOptions> = {}): Promise<number[]> {
  const timer = timerOf();
  await open(timer, more).send(request(failures));
  return timer.waits;
}

const assertWithin = (value: number, from: number, to: number): void =>
  assert.ok(value >= from && value <= to, `${value} is not from ${from} to ${to}`);

describe('Sender', () => {
  it('waits twice as long after each failure, up to 30 s, less by up to a half', async () => {
    const failures = [refusal(500), new TimeOutError('late'), refusal(503), refusal(429)];
    const waits = await waitsAfter(failures, { maxRetries: 4 });
    assert.equal(waits.length, 4);
    waits.forEach((wait, i) => assertWithin(wait, 500 * 2 ** i, 1000 * 2 ** i));
    const long = await waitsAfter(failures, { retryDelay: 20 });
    long.forEach((wait, i) => assertWithin(wait, i === 0 ? 10_000 : 15_000, i === 0 ? 20_000 : 30_000));
  });

  it('does not wait alike for requests that failed together', async () => {
    const waits = await Promise.all(Array.from({ length: 20 }, () => waitsAfter([refusal(500)])));
    assert.ok(new Set(waits.flat()).size > 5, waits.join());
  });

  it('gives up after as many retries as allowed, and does not wait then', async () => {
    const timer = timerOf();
    const dead = request(Array<Error>(9).fill(refusal(502)));
    await assert.rejects(open(timer, { maxRetries: 2 }).send(dead), (error: Error) => {
      assert.ok(error instanceof PromptError);
      assert.equal(error.message, 'example.org: it answered 502: not now, after 2 retries.');
      return true;
    });
    assert.deepEqual([dead.tries, timer.waits.length], [3, 2]);
  });

  for (const [headers, from, to] of [
    [{ 'retry-after': '7' }, 7000, 7000],
    [{ 'retry-after': '0.5' }, 500, 500],
    [{ 'retry-after-ms': '1500' }, 1500, 1500],
    [{ 'retry-after-ms': '1500', 'retry-after': '7' }, 1500, 1500],
    [{ 'retry-after': 'a date in 20 s' }, 18_000, 20_000],
    [{ 'retry-after': 'Wed, 21 Oct 2015 07:28:00 GMT' }, 0, 0],
    [{ 'retry-after': 'soon' }, 0, 0],
  ] as [Record<string, string>, number, number][]) {
    it(`waits as long as the server says, and its own pause: ${JSON.stringify(headers)}`, async () => {
      const date = new Date(Date.now() + 20_000).toUTCString();
      const told = headers['retry-after']?.startsWith('a date') ? { 'retry-after': date } : headers;
      for (const status of [429, 503]) {
        const [wait, ...rest] = await waitsAfter([refusal(status, told)]);
        assertWithin(wait, from + 500, to + 1000);
        assert.deepEqual(rest, []);
      }
    });
  }

  it('does not wait for what the server puts off for more than ten minutes, by seconds or a date', async () => {
    const timer = timerOf();
    const date = new Date(Date.now() + 3_600_000).toUTCString();
    for (const after of ['3600', date]) {
      const late = request([refusal(429, { 'retry-after': after })]);
      await rejectsPlainly(() => open(timer).send(late), /asks to wait for (3600|359\d) s: it answered 429/);
    }
    assert.deepEqual(timer.waits, []);
  });

  it('sends no more tokens in a minute than allowed', async () => {
    const timer = timerOf();
    const sender = open(timer, { tokensPerMinute: 25 });
    await Promise.all([request([]), request([]), request([])].map((one) => sender.send(one)));
    assert.equal(timer.now(), 60_000);
  });

  it('looks at the cap again after its wait: another process may have spent the money', async () => {
    const spend = new MemorySpendLedger();
    const capped = { spend, maxCost: 1 };
    const other = open(timerOf(), capped);
    const cost = (dollars: number): Request<string> & { tries: number } =>
      request([], { tokens: 1, cost: dollars });
    const timer = timerOf(async () => void (await other.send(cost(0.8))));
    const sender = open(timer, { ...capped, requestsPerMinute: 1 });
    await sender.send(cost(0.1));
    const late = cost(0.5);
    await rejectsPlainly(() => sender.send(late), /\$0\.900000 went into 2 requests/);
    assert.equal(late.tries, 0);
    assert.deepEqual(timer.waits, [60_000]);
  });
});
