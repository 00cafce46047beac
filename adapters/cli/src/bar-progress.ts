import { MultiBar, type SingleBar } from 'cli-progress';
import type { Progress } from '@coco-rec/core';
import { visibleText } from '@coco-rec/standard';
import { TaskClock, percentText } from './task-clock.js';

interface Task {
  readonly bar: SingleBar;
  readonly clock: TaskClock;
  done: number;
  total: number;
}

/** Progress as bars with the time left, for terminals. A finished bar makes room. */
export class BarProgress implements Progress {
  private readonly bars: MultiBar;
  private readonly tasks = new Map<string, Task>();
  /** A bar was shown: from then on the library alone writes, as it counts the lines. */
  private isActive = false;

  constructor(private readonly stream: NodeJS.WritableStream) {
    this.bars = new MultiBar({
      format: '{task} {bar} {percent} | {time} | {note}',
      barsize: 24,
      barCompleteChar: '█',
      barIncompleteChar: '░',
      stream,
      hideCursor: true,
      clearOnComplete: true,
      stopOnComplete: false,
      linewrap: false,
      gracefulExit: false,
    });
  }

  report(name: string, done: number, total: number, note = ''): void {
    const task = this.task(name, done, total);
    task.done = done;
    const payload = {
      percent: percentText(done, total),
      time: task.clock.text(done, total),
      note: visibleText(note),
    };
    task.bar.update(done, payload);
    if (done < total) return;
    this.bars.remove(task.bar);
    this.tasks.delete(name);
  }

  log(line: string): void {
    const text = `${visibleText(line).replace(/\n+/g, ' ')}\n`;
    if (!this.isActive) {
      this.stream.write(text);
      return;
    }
    this.bars.log(text);
    this.bars.update(); // else it would wait for the next bar, which may never come
  }

  close(): void {
    this.bars.stop();
  }

  private task(name: string, done: number, total: number): Task {
    const known = this.tasks.get(name);
    if (known && done >= known.done && total === known.total) return known;
    if (known) this.bars.remove(known.bar);
    const payload = { task: visibleText(name), percent: '', time: '', note: '' };
    this.isActive = true;
    const bar = this.bars.create(total, done, payload);
    const task = { bar, clock: new TaskClock(Date.now), done, total };
    this.tasks.set(name, task);
    return task;
  }
}
