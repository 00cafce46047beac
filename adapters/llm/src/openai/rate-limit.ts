import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '@coco-rec/core';

const minute = 60_000;

/** Time, and waiting for it. A test has a time of its own. */
export interface Timer extends Clock {
  /** Rejects with the signal's reason when it comes. */
  wait(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

export const realTimer: Timer = {
  now: () => performance.now(),
  wait: async (milliseconds, signal) => {
    await sleep(milliseconds, undefined, { signal }).catch(() => undefined);
    signal?.throwIfAborted();
  },
};

/** A request that was let through. */
interface Passed {
  readonly at: number;
  tokens: number;
}

/** Lets requests through so that no 60 seconds hold more requests or tokens than allowed, first come, first served. */
export class RateLimit {
  private passed: Passed[] = [];
  private pausedUntil = 0;
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly limits: { readonly requests?: number; readonly tokens?: number },
    private readonly timer: Timer = realTimer,
  ) {}

  /**
   * Waits for a place. A request larger than a minute's tokens gets a minute of its own.
   * @returns corrects the tokens once they are known
   */
  pass(tokens: number, signal?: AbortSignal): Promise<(actual: number) => void> {
    const turn = this.last.then(() => this.wait(tokens, signal));
    this.last = turn.catch(() => undefined);
    return turn;
  }

  /** Nothing passes for so long: the server asked for it. */
  pause(milliseconds: number): void {
    this.pausedUntil = Math.max(this.pausedUntil, this.timer.now() + milliseconds);
  }

  private async wait(tokens: number, signal?: AbortSignal): Promise<(actual: number) => void> {
    signal?.throwIfAborted();
    for (let delay = this.delay(tokens); delay > 0; delay = this.delay(tokens)) {
      await this.timer.wait(delay, signal);
    }
    const entry = { at: this.timer.now(), tokens };
    this.passed.push(entry);
    return (actual) => void (entry.tokens = actual);
  }

  /** Milliseconds until there may be a place; 0: now. */
  private delay(tokens: number): number {
    const now = this.timer.now();
    if (now < this.pausedUntil) return this.pausedUntil - now;
    this.passed = this.passed.filter(({ at }) => at + minute > now);
    const { requests = Infinity, tokens: allowed = Infinity } = this.limits;
    const used = this.passed.reduce((sum, one) => sum + one.tokens, 0);
    const isFree = this.passed.length < requests && used + Math.min(tokens, allowed) <= allowed;
    return isFree || this.passed.length === 0 ? 0 : this.passed[0].at + minute - now;
  }
}
