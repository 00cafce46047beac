import { durationText } from '@coco-rec/standard';

/** Time used and left of one task, from its own pace since it was first reported. */
export class TaskClock {
  private readonly startedAt: number;
  private first?: number;

  constructor(private readonly now: () => number) {
    this.startedAt = now();
  }

  /** @returns "elapsed 12 s, about 40 s left"; without the estimate while there is no pace yet. */
  text(done: number, total: number): string {
    // A resumed task does not start at 0.
    this.first ??= done;
    const seconds = (this.now() - this.startedAt) / 1000;
    const moved = done - this.first;
    const elapsed = `elapsed ${durationText(seconds)}`;
    if (done >= total || moved <= 0) return elapsed;
    return `${elapsed}, about ${durationText((seconds / moved) * (total - done))} left`;
  }
}

/** Share done in whole per cent, never 100 before the end. */
export function percentText(done: number, total: number): string {
  if (total <= 0) return '100 %';
  const share = Math.max(0, Math.min(1, done / total));
  return `${done >= total ? 100 : Math.min(99, Math.floor(100 * share))} %`;
}
