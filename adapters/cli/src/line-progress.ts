import { type Progress } from '@coco-rec/core';
import { visibleText } from '@coco-rec/standard';
import { TaskClock, percentText } from './task-clock.js';

interface Task {
  readonly clock: TaskClock;
  done: number;
  lastLineAt: number;
}

export interface LineProgressOptions {
  readonly write: (line: string) => void;
  /** Milliseconds. */
  readonly now: () => number;
  /** Least milliseconds between two lines of a task. Default 5,000. */
  readonly interval?: number;
}

/** Progress as plain lines, for files and pipes: few enough to read, the rest is left out. */
export class LineProgress implements Progress {
  private readonly tasks = new Map<string, Task>();

  constructor(private readonly options: LineProgressOptions) {}

  report(name: string, done: number, total: number, note?: string): void {
    const { now, interval = 5000 } = this.options;
    let task = this.tasks.get(name);
    if (!task || done < task.done) {
      task = { clock: new TaskClock(now), done, lastLineAt: now() };
      this.tasks.set(name, task);
    }
    task.done = done;
    const time = task.clock.text(done, total);
    const isDue = now() - task.lastLineAt >= interval;
    if (done >= total) this.tasks.delete(name);
    if (!isDue) return;
    task.lastLineAt = now();
    this.log(`${name}: ${percentText(done, total)}, ${time}${note ? `; ${note}` : ''}`);
  }

  log(line: string): void {
    this.options.write(visibleText(line).replace(/\n+/g, ' '));
  }

  close(): void {}
}
