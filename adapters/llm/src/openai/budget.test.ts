import assert from 'node:assert/strict';
import { CocoError } from '@coco-rec/core';
import fc from 'fast-check';
import { Budget } from './budget.js';

describe('Budget', () => {
  it('refuses what could pass the cap, and says what was spent', async () => {
    const budget = new Budget(1);
    (await budget.reserve(0.6))(0.5);
    (await budget.reserve(0.5))(0.25);
    await assert.rejects(budget.reserve(0.3), (error: Error) => {
      assert.ok(error instanceof CocoError);
      assert.match(
        error.message,
        /"knowledge\.maxCost", \$1\.00: \$0\.750000 went into 2 requests, .* cost \$0\.300000/,
      );
      return true;
    });
    (await budget.reserve(0.25))(0.25); // just fits
  });

  it('waits for what is under way, which may turn out cheaper', async () => {
    const budget = new Budget(1);
    const settle = await budget.reserve(0.9);
    let isIn = false;
    const second = budget.reserve(0.9).then((settleIt) => {
      isIn = true;
      return settleIt;
    });
    await new Promise(setImmediate);
    assert.equal(isIn, false);
    settle(0.1);
    (await second)(0.9);
    await assert.rejects(budget.reserve(0.01), CocoError);
  });

  it('never spends more than the cap, whatever the requests cost and whichever are under way', async () => {
    const request = fc.record({
      worst: fc.double({ min: 0.001, max: 0.4, noNaN: true }),
      part: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(request, { minLength: 5, maxLength: 30 }), async (requests) => {
        const budget = new Budget(1);
        let spent = 0;
        const work = requests.map(async ({ worst, part }) => {
          const settle = await budget.reserve(worst);
          await new Promise(setImmediate);
          spent += worst * part;
          settle(worst * part);
        });
        await Promise.allSettled(work);
        assert.ok(spent <= 1 + 1e-9, String(spent));
      }),
      { numRuns: 50 },
    );
  });
});
