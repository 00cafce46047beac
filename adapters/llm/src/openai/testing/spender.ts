/** A process that spends from a ledger folder until its budget refuses: `spender.js folder cap worst cost`. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { CocoError } from '@coco-rec/core';
import { FileSpendLedger } from '../../spend-ledger.js';
import { Budget } from '../budget.js';

const [folder, ...numbers] = process.argv.slice(2);
const [cap, worst, cost] = numbers.map(Number);
const budget = new Budget({ cap, ledger: new FileSpendLedger(folder), account: 'a' });

/** @returns what it spent */
async function spend(): Promise<number> {
  for (let spent = 0; ;) {
    try {
      const reservation = await budget.reserve(worst);
      await nextTurn(); // as if it waited for its place
      if (!reservation.begin()) continue;
      await nextTurn();
      reservation.settle(cost);
      spent += cost;
    } catch (error) {
      if (error instanceof CocoError) return spent;
      throw error;
    }
  }
}

process.send?.('ready');
process.once('message', () => {
  const lanes = Array.from({ length: 4 }, spend);
  void Promise.all(lanes).then((all) => {
    process.send?.(all.reduce((sum, one) => sum + one));
    process.disconnect();
  });
});
