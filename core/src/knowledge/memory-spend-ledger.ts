import type { SpendLedger, Spent } from '../specification/ports.js';

/** What services were paid during the life of a process: where nothing is to be kept, and in tests. */
export class MemorySpendLedger implements SpendLedger {
  private readonly settled = new Map<string, Spent>();
  private readonly underWay = new Map<string, Set<{ readonly worst: number }>>();

  spent(account: string): Spent {
    const { cost, requests } = this.settled.get(account) ?? { cost: 0, requests: 0 };
    const open = [...(this.underWay.get(account) ?? [])];
    // Summed anew: what is taken off again would leave a rounding error.
    return { cost: open.reduce((sum, { worst }) => sum + worst, cost), requests: requests + open.length };
  }

  begin(account: string, worst: number): (cost: number) => void;
  begin(account: string, worst: number, most: number | undefined): ((cost: number) => void) | undefined;
  begin(account: string, worst: number, most = Infinity): ((cost: number) => void) | undefined {
    if (this.spent(account).cost + worst > most) return undefined;
    const open = this.underWay.get(account) ?? new Set();
    const request = { worst };
    this.underWay.set(account, open.add(request));
    return (cost) => {
      if (!open.delete(request) || cost === 0) return;
      const before = this.settled.get(account) ?? { cost: 0, requests: 0 };
      this.settled.set(account, { cost: before.cost + cost, requests: before.requests + 1 });
    };
  }
}
