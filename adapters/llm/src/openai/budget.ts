import { CocoError, MemorySpendLedger, type SpendLedger, type Spent } from '@coco-rec/core';

export interface BudgetOptions {
  /** In US dollars. Default: none. */
  readonly cap?: number;
  /** Default: one of its own, which forgets with the process. */
  readonly ledger?: SpendLedger;
  /** Whose spend is counted, in the ledger. */
  readonly account: string;
}

/** Money set aside for one request. */
export interface Reservation {
  /**
   * The request is about to be sent: from here on it may be charged for.
   * @returns false: other processes spent the money meanwhile. It must not be sent, and the reservation is void
   */
  begin(): boolean;
  /** What it cost after all; 0 where it was not charged. */
  settle(cost: number): void;
}

/**
 * Counts US dollars, with what earlier starts and other processes spent on the same account. What is under way counts at
 * its worst, so that the cap holds whatever it will turn out to be.
 */
export class Budget {
  private readonly ledger: SpendLedger;
  /** Reserved and not begun: not in the ledger yet. */
  private readonly held = new Set<{ readonly worst: number }>();
  private underWay = 0;
  private waiting: (() => void)[] = [];

  constructor(private readonly options: BudgetOptions) {
    this.ledger = options.ledger ?? new MemorySpendLedger();
  }

  /**
   * Sets money aside; waits while what is under way here might still turn out cheaper.
   * @throws CocoError where the cap does not allow it
   */
  async reserve(worst: number): Promise<Reservation> {
    const { cap = Infinity } = this.options;
    while (cap < Infinity && this.committed() + worst > cap) {
      if (this.underWay === 0) throw this.exhausted(worst, cap);
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
    return this.hold(worst);
  }

  /** By all starts; what is under way at its worst. */
  spent(): Spent {
    return this.ledger.spent(this.options.account);
  }

  private hold(worst: number): Reservation {
    const { account, cap } = this.options;
    const mine = { worst };
    let settle: ((cost: number) => void) | undefined;
    this.held.add(mine);
    this.underWay++;
    const release = (): void => {
      this.held.delete(mine);
      this.underWay--;
      for (const go of this.waiting.splice(0)) go();
    };
    return {
      begin: () => {
        // What costs nothing needs no record.
        if (worst > 0) settle = this.ledger.begin(account, worst, cap);
        const isIn = worst === 0 || settle !== undefined;
        if (isIn) this.held.delete(mine);
        else release();
        return isIn;
      },
      settle: (cost) => {
        try {
          settle?.(cost);
        } finally {
          release();
        }
      },
    };
  }

  /** Summed anew each time: what is taken off again would leave a rounding error. */
  private committed(): number {
    const { cost } = this.spent();
    return [...this.held].reduce((sum, { worst }) => sum + worst, cost);
  }

  private exhausted(worst: number, cap: number): CocoError {
    const { account } = this.options;
    const { cost, requests } = this.spent();
    return new CocoError(
      `Stopped before the spend passes "knowledge.maxCost", ${dollars(cap)}: ${dollars(cost)} went into ` +
        `${requests} requests to ${account} in all starts, and the next one may cost ${dollars(worst)}. ` +
        'Answers so far are kept; raise the cap to go on.',
    );
  }
}

function dollars(amount: number): string {
  return `$${amount.toFixed(amount < 1 ? 6 : 2)}`;
}
