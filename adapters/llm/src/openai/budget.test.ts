import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { CocoError, MemorySpendLedger, type SpendLedger } from '@coco-rec/core';
import fc from 'fast-check';
import { FileSpendLedger } from '../spend-ledger.js';
import { TemporaryFolder } from '../testing/temporary-folder.js';
import { Budget } from './budget.js';

const account = 'example.org m';
const open = (cap?: number, ledger?: SpendLedger): Budget => new Budget({ cap, ledger, account });

/** Sets aside, sends and settles one request. */
async function spend(budget: Budget, worst: number, cost: number): Promise<void> {
  const reservation = await budget.reserve(worst);
  reservation.begin();
  reservation.settle(cost);
}

describe('Budget', () => {
  it('refuses what could pass the cap, and says what was spent', async () => {
    const budget = open(1);
    await spend(budget, 0.6, 0.5);
    await spend(budget, 0.5, 0.25);
    await assert.rejects(budget.reserve(0.3), (error: Error) => {
      assert.ok(error instanceof CocoError);
      assert.match(
        error.message,
        /"knowledge\.maxCost", \$1\.00: \$0\.750000 went into 2 requests to example\.org m in all starts, .* cost \$0\.300000/,
      );
      return true;
    });
    await spend(budget, 0.25, 0.25); // just fits
  });

  it('waits for what is under way, which may turn out cheaper', async () => {
    const budget = open(1);
    const first = await budget.reserve(0.9);
    let isIn = false;
    const second = budget.reserve(0.9).then((reservation) => {
      isIn = true;
      return reservation;
    });
    await new Promise(setImmediate);
    assert.equal(isIn, false);
    first.begin();
    await new Promise(setImmediate);
    assert.equal(isIn, false, 'it is sent, and not settled');
    first.settle(0.1);
    const later = await second;
    later.begin();
    later.settle(0.9);
    await assert.rejects(budget.reserve(0.01), CocoError);
  });

  it('counts nothing for what was not sent or not charged', async () => {
    const [budget, ledger] = [open(1), new MemorySpendLedger()];
    (await budget.reserve(0.9)).settle(0);
    await spend(budget, 0.9, 0);
    await spend(budget, 1, 1);
    await spend(open(undefined, ledger), 0, 0);
    assert.deepEqual(ledger.spent(account), { cost: 0, requests: 0 });
  });

  it('counts what earlier starts spent, and what one that broke off may have spent, on this account', async () => {
    const ledger = new MemorySpendLedger();
    await spend(open(1, ledger), 0.3, 0.25);
    (await open(1, ledger).reserve(0.25)).begin(); // kill -9
    await spend(new Budget({ ledger, account: 'another' }), 9, 9);
    await assert.rejects(open(1, ledger).reserve(0.6), /\$0\.500000 went into 2 requests to example\.org m/);
    await spend(open(1, ledger), 0.5, 0.5);
    await assert.rejects(open(1, ledger).reserve(0.01), CocoError);
    await spend(open(1.5, ledger), 0.5, 0.1); // a raised cap goes on
  });

  it('never spends more than the cap over all starts, whatever requests cost and whichever are under way', async () => {
    const request = fc.record({
      worst: fc.double({ min: 0.001, max: 0.4, noNaN: true }),
      part: fc.double({ min: 0, max: 1, noNaN: true }),
      dies: fc.nat(9),
    });
    const starts = fc.array(fc.array(request, { minLength: 3, maxLength: 15 }), {
      minLength: 1,
      maxLength: 3,
    });
    await fc.assert(
      fc.asyncProperty(starts, async (all) => {
        const ledger = new MemorySpendLedger();
        let spent = 0;
        for (const requests of all) {
          const budget = open(1, ledger);
          const work = requests.map(async ({ worst, part, dies }) => {
            const reservation = await budget.reserve(worst);
            await new Promise(setImmediate);
            reservation.begin();
            spent += worst * part;
            if (dies > 0) reservation.settle(worst * part);
          });
          // A request that dies is never settled: whoever waits for it ends with its process.
          await Promise.race([Promise.allSettled(work), new Promise((resolve) => setTimeout(resolve, 5))]);
        }
        assert.ok(spent <= 1 + 1e-9, String(spent));
      }),
      { numRuns: 40 },
    );
  });
});

describe('Budgets of several processes', () => {
  const folder = new TemporaryFolder();
  after(() => folder.remove());

  /** Lets others note something after each of its looks, as another process may. */
  class InterruptedLedger extends FileSpendLedger {
    meanwhile: (() => void) | undefined;

    override spent(name: string): ReturnType<FileSpendLedger['spent']> {
      const spent = super.spent(name);
      const { meanwhile } = this;
      this.meanwhile = undefined;
      meanwhile?.();
      return spent;
    }
  }

  for (const first of [0, 1]) {
    it(`hold one cap where both set money aside before either sends, budget ${first + 1} first`, async () => {
      const path = folder.at(`waiting ${first}`);
      const budgets = [0, 1].map(() => open(1, new FileSpendLedger(path)));
      const reservations = await Promise.all(budgets.map((budget) => budget.reserve(0.9)));
      assert.deepEqual([first, 1 - first].map((i) => reservations[i].begin()), [true, false]); // prettier-ignore
      assert.deepEqual(new FileSpendLedger(path).spent(account), { cost: 0.9, requests: 1 });
      await assert.rejects(budgets[1 - first].reserve(0.9), /\$0\.900000 went into 1 requests/);
      reservations[first].settle(0.1);
      const later = await budgets[1 - first].reserve(0.9);
      assert.equal(later.begin(), true);
      later.settle(0.9);
      assert.equal(new FileSpendLedger(path).spent(account).cost, 1);
    });
  }

  it('do not both back out where they note at the same moment: the first in the file stays', async () => {
    const path = folder.at('at once');
    const [one, other] = [new InterruptedLedger(path), new FileSpendLedger(path)];
    const [mine, theirs] = await Promise.all([one, other].map((ledger) => open(1, ledger).reserve(0.9)));
    let isTheirs: boolean | undefined;
    one.meanwhile = () => (isTheirs = theirs.begin());
    assert.equal(mine.begin(), false);
    assert.equal(isTheirs, true);
    assert.deepEqual(new FileSpendLedger(path).spent(account), { cost: 0.9, requests: 1 });
  });

  it('refuse in turn, and nobody waits for ever for what is void', async () => {
    const path = folder.at('in turn');
    const budget = open(1, new FileSpendLedger(path));
    const [one, two] = [await budget.reserve(0.5), await budget.reserve(0.5)];
    const other = await open(1, new FileSpendLedger(path)).reserve(0.9);
    other.begin();
    assert.equal(one.begin(), false);
    const again = budget.reserve(0.5);
    await new Promise(setImmediate);
    assert.equal(two.begin(), false);
    await assert.rejects(again, CocoError);
  });

  it('hold it in two processes that spend side by side to the end', async function () {
    this.timeout(60_000);
    const path = folder.at('race');
    const run = (): ReturnType<typeof fork> =>
      fork(join(import.meta.dirname, 'testing', 'spender.js'), [path, '1', '0.02', '0.01']);
    const children = [run(), run()];
    await Promise.all(children.map((child) => once(child, 'message')));
    for (const child of children) child.send('go');
    const said = await Promise.all(
      children.map(async (child) => (await once(child, 'message'))[0] as number),
    );
    const { cost } = new FileSpendLedger(path).spent('a');
    assert.ok(Math.abs(cost - said[0] - said[1]) < 1e-9, `${cost}, ${said.join(' + ')}`);
    assert.ok(cost <= 1 + 1e-9 && cost > 0.9, String(cost));
  });
});
