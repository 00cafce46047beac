import { CocoError } from '@coco-rec/core';

/** Counts US dollars. What is under way is counted at its worst, so that the cap holds whatever it will turn out to be. */
export class Budget {
  private spent = 0;
  private reserved = 0;
  private requests = 0;
  private waiting: (() => void)[] = [];

  constructor(private readonly cap = Infinity) {}

  /**
   * Sets money aside; waits while what is under way might still turn out cheaper.
   * @returns settles it: what the request cost after all, 0 where it was not charged
   * @throws CocoError where the cap does not allow it
   */
  async reserve(worst: number): Promise<(cost: number) => void> {
    while (this.spent + this.reserved + worst > this.cap) {
      if (this.reserved === 0) throw this.exhausted(worst);
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
    this.reserved += worst;
    return (cost) => {
      this.reserved = this.requestsUnderWay(worst);
      this.spent += cost;
      if (cost > 0) this.requests++;
      for (const go of this.waiting.splice(0)) go();
    };
  }

  /** The sum left after one is settled; a rounding error must not stay when nothing is under way. */
  private requestsUnderWay(settled: number): number {
    const left = this.reserved - settled;
    return left < 1e-12 ? 0 : left;
  }

  private exhausted(worst: number): CocoError {
    return new CocoError(
      `Stopped before the spend passes "knowledge.maxCost", ${dollars(this.cap)}: ${dollars(this.spent)} went into ` +
        `${this.requests} requests, and the next one may cost ${dollars(worst)}. Answers so far are kept; raise the cap to go on.`,
    );
  }
}

function dollars(amount: number): string {
  return `$${amount.toFixed(amount < 1 ? 6 : 2)}`;
}
