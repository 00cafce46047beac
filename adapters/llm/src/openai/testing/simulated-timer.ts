import type { Timer } from '../rate-limit.js';

/** Time that passes only while somebody waits for it. */
export class SimulatedTimer implements Timer {
  private time = 0;
  /** In ms, one a wait. */
  readonly waits: number[] = [];

  /** @param meanwhile what happens during each wait */
  constructor(private readonly meanwhile?: () => Promise<void>) {}

  now(): number {
    return this.time;
  }

  async wait(milliseconds: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    this.waits.push(milliseconds);
    this.time += milliseconds;
    await this.meanwhile?.();
  }
}
