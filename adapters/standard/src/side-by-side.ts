import { type ChildProcess, fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CocoError, type Progress, type RunConfig, StoppedError, UsageError, warmFile } from '@coco-rec/core';
import type { RunOrder, WorkerMessage } from './run-worker.js';

/** One run that is to be trained. */
export interface RunTask {
  /** "coco, seed 2": before what its process says. */
  readonly name: string;
  readonly config: RunConfig;
  readonly warmFolder: string;
}

export interface SideBySideOptions<Task extends RunTask> {
  /** Runs at a time. */
  readonly jobs: number;
  readonly progress: Progress;
  readonly signal?: AbortSignal;
  /** A run is finished; awaited before the next one is started. */
  readonly onDone: (task: Task) => Promise<void>;
}

const worker = fileURLToPath(new URL('run-worker.js', import.meta.url));
/** Of what a process wrote before it died. */
const lastLines = 5;

/**
 * Trains runs in processes of their own, `jobs` at a time, each with its share of the processor's threads. One run
 * after the other is prepared, so that a text is encoded once; and runs that share a warm start wait for the first of them
 * to have made it.
 * @throws what a run failed by, when all others have stopped; StoppedError by the signal
 */
export async function runSideBySide<Task extends RunTask>(
  tasks: readonly Task[],
  options: SideBySideOptions<Task>,
): Promise<void> {
  const { jobs, signal, onDone } = options;
  const waiting = [...tasks];
  const running = new Set<Worker<Task>>();
  let failure: Error | undefined;
  const stopAll = (): void => running.forEach((one) => one.stop());
  signal?.addEventListener('abort', stopAll);
  try {
    while (running.size > 0 || (waiting.length > 0 && !failure && !signal?.aborted)) {
      const isFree = running.size < jobs && [...running].every(({ isReady }) => isReady);
      const next = isFree && !failure && !signal?.aborted ? waiting.findIndex(mayStart(running)) : -1;
      if (next >= 0) {
        const [task] = waiting.splice(next, 1);
        running.add(new Worker(task, options));
        continue;
      }
      await Promise.race([...running].map((one) => one.news()));
      for (const one of [...running].filter(({ outcome }) => outcome)) {
        running.delete(one);
        if (one.outcome === 'done') await onDone(one.task);
        else failure ??= one.outcome;
        if (failure) stopAll();
      }
    }
  } finally {
    signal?.removeEventListener('abort', stopAll);
    running.forEach((one) => one.kill());
  }
  if (signal?.aborted) throw stopped();
  if (failure) throw failure;
}

/** Not while another run makes the warm start that it would take. */
function mayStart(running: ReadonlySet<Worker<RunTask>>): (task: RunTask) => boolean {
  return ({ warmFolder, config }) =>
    config.train.warmEpochs === 0 ||
    existsSync(join(warmFolder, warmFile)) ||
    ![...running].some(({ task }) => task.warmFolder === warmFolder);
}

const stopped = (): StoppedError =>
  new StoppedError(
    'Stopped. Finished runs are kept, and the others go on from their checkpoints: the same command.',
  );

/** A process that trains one run. */
class Worker<Task extends RunTask> {
  isReady = false;
  /** Absent while it runs. */
  outcome?: 'done' | Error;
  private readonly child: ChildProcess;
  private said = '';
  private wake: () => void = () => undefined;

  constructor(
    readonly task: Task,
    private readonly options: Pick<SideBySideOptions<Task>, 'jobs' | 'progress'>,
  ) {
    const { config, warmFolder } = task;
    this.child = fork(worker, [], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], env: this.environment() });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.said = (this.said + text).slice(-4000);
    });
    this.child.on('message', (message: WorkerMessage) => this.hear(message));
    this.child.on('error', (error) => this.end(error));
    this.child.on('close', (code, signal) => this.end(this.died(signal ?? `code ${code}`)));
    const order: RunOrder = { kind: 'run', config, warmFolder };
    this.child.send(order);
  }

  /** Resolves when something has changed. */
  news(): Promise<void> {
    return this.outcome ? Promise.resolve() : new Promise((resolve) => (this.wake = resolve));
  }

  /** Asks it to save what it has and end. */
  stop(): void {
    if (this.child.connected) this.child.send({ kind: 'stop' });
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }

  private environment(): NodeJS.ProcessEnv {
    const threads = Math.max(1, Math.floor(availableParallelism() / this.options.jobs));
    return { TF_NUM_INTRAOP_THREADS: String(threads), ...process.env };
  }

  private hear(message: WorkerMessage): void {
    const { progress } = this.options;
    const { name } = this.task;
    if (message.kind === 'progress')
      progress.report(`${name}: ${message.name}`, message.done, message.total, message.note);
    else if (message.kind === 'log') progress.log(`${name}: ${message.line}`);
    else if (message.kind === 'ready') this.isReady = true;
    else this.end(message.kind === 'done' ? 'done' : errorOf(message, name));
    this.wake();
  }

  private end(outcome: 'done' | Error): void {
    this.outcome ??= outcome;
    this.wake();
  }

  private died(how: string): CocoError {
    const last = this.said.trim().split('\n').slice(-lastLines).join(' ');
    const reason = how === 'SIGKILL' ? ': often the memory was short, then fewer "--jobs" help' : '';
    return new CocoError(`${this.task.name}: its process ended by ${how}${reason}. ${last}`.trim());
  }
}

/** Of the class that the process threw, with the run's name before it. */
function errorOf({ name, message }: { name: string; message: string }, task: string): Error {
  const text = `${task}: ${message}`;
  if (name === 'UsageError') return new UsageError(text);
  if (name === 'StoppedError' || name === 'AbortError') return new StoppedError(text);
  return new CocoError(text);
}
