import assert from 'node:assert/strict';
import { RateLimit, type Timer } from './rate-limit.js';
import { SimulatedTimer } from './testing/simulated-timer.js';

/** When each of the requests passes, in seconds. */
async function times(limit: RateLimit, timer: Timer, tokens: readonly number[]): Promise<number[]> {
  const passes = tokens.map(async (count) => {
    await limit.pass(count);
    return timer.now() / 1000;
  });
  return Promise.all(passes);
}

describe('RateLimit', () => {
  it('lets as many requests through in a minute as allowed', async () => {
    const timer = new SimulatedTimer();
    const limit = new RateLimit({ requests: 2 }, timer);
    assert.deepEqual(await times(limit, timer, [1, 1, 1, 1, 1]), [0, 0, 60, 60, 120]);
    await timer.wait(45_000); // the fifth is 45 s old: room for one
    assert.deepEqual(await times(limit, timer, [1, 1]), [165, 180]);
  });

  it('lets as many tokens through in a minute as allowed, the true ones once they are known', async () => {
    const timer = new SimulatedTimer();
    const limit = new RateLimit({ tokens: 100 }, timer);
    const correct = await limit.pass(80);
    correct(30);
    assert.deepEqual(await times(limit, timer, [70, 1, 99, 1]), [0, 60, 60, 120]);
  });

  it('a request larger than a minute allows has a minute of its own', async () => {
    const timer = new SimulatedTimer();
    const limit = new RateLimit({ tokens: 100 }, timer);
    assert.deepEqual(await times(limit, timer, [500, 1, 500]), [0, 60, 120]);
  });

  it('without limits nothing waits, unless the server asked for it', async () => {
    const timer = new SimulatedTimer();
    const limit = new RateLimit({}, timer);
    assert.deepEqual(await times(limit, timer, [1e9, 1e9]), [0, 0]);
    limit.pause(3000);
    limit.pause(1000);
    assert.deepEqual(await times(limit, timer, [1, 1]), [3, 3]);
  });

  it('a request that is stopped lets the next one pass', async () => {
    const timer = new SimulatedTimer();
    const limit = new RateLimit({ requests: 1 }, timer);
    await limit.pass(1);
    const stopped = limit.pass(1, AbortSignal.abort(new Error('stopped here')));
    const next = limit.pass(1);
    await assert.rejects(stopped, /stopped here/);
    await next;
    assert.equal(timer.now(), 60_000);
  });
});
