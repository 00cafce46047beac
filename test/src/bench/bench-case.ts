import type { BenchOptions } from './options.js';
import type { Peer } from './peers/peer.js';

/** One figure. */
export interface Measurement {
  readonly name: string;
  /** `s` and `MB`: less is better. `GFLOPS`: more is. */
  readonly unit: 's' | 'MB' | 'GFLOPS';
  /** One value a repetition, warm-up left out; the table shows their median. */
  readonly values: readonly number[];
  /** Processor seconds of the whole process, all threads, one value a repetition: they say more where other work runs. */
  readonly processorValues?: readonly number[];
  /** Arithmetic of the work in GFLOP; the limit is this over the machine's rate. */
  readonly gigaflop?: number;
  /** A limit in the unit of the figure, where it is not arithmetic. */
  readonly limit?: number;
  /** What the project aims at, in the unit of the figure. */
  readonly goal?: number;
  /** What a reader must know, such as what the figure was extrapolated from. */
  readonly note?: string;
  /** Where it stands in a plot of how cost grows. */
  readonly growth?: Growth;
  /** What the case's peers must know to do the same work; for them alone. */
  readonly peerInput?: object;
}

/** One point of a line in a plot. */
export interface Growth {
  /** What it is a figure of, with its unit, such as `seconds a step`; the chart's axis. */
  readonly cost: string;
  /** What grows, such as `items`; the other axis. */
  readonly along: string;
  readonly at: number;
  /** What the cost should do: stay as it is, or grow as `at` does. Default: neither. */
  readonly expected?: 'flat' | 'linear';
  /** The line's name where a chart has several. */
  readonly series?: string;
}

/** What a case gives back: its figures, and the matrix product rates that were measured between its repetitions. */
export interface CaseResult {
  readonly measurements: readonly Measurement[];
  readonly engine: string;
  /** GFLOPS. */
  readonly rates: readonly number[];
  /** With `--profile`: where the time went, as text. */
  readonly profile?: string;
}

export interface BenchContext {
  readonly options: BenchOptions;
  /** Name, version and threads of the engine that runs. */
  readonly engine: string;
  /** Measures the machine's rate now; called before each repetition, so that figure and limit see the same load. */
  measureRate(): void;
}

/** One thing to measure, run in a process of its own. */
export interface BenchCase {
  readonly id: string;
  readonly summary: string;
  /** The engine it is about. Default: that of the command line. `none`: it starts none here. */
  readonly engine?: 'wasm' | 'none';
  /** Each repetition in a process of its own: for work that a user does once. Default false. */
  readonly cold?: boolean;
  /** Also show the peak memory of its process, which is to stay below this. */
  readonly memoryGoalMB?: number;
  /** With `--peers`: who else does this work; a peer's n-th figure stands beside the case's n-th. */
  readonly peers?: readonly Peer[];
  /** @returns why it cannot run here; undefined: it can. */
  missing?(options: BenchOptions): string | undefined;
  run(context: BenchContext): Promise<readonly Measurement[]>;
}

/** The middle value; the mean of the two middle ones for an even count. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** What one or more repetitions took. */
export interface Times {
  /** Seconds by the clock. */
  readonly values: number[];
  /** Seconds of the processor, all threads of this process together. */
  readonly processorValues: number[];
}

/** Times one run of `work`, after those in `times`. */
export async function timed(times: Times, work: () => unknown): Promise<void> {
  const [startedAt, before] = [performance.now(), process.cpuUsage()];
  await work();
  times.values.push((performance.now() - startedAt) / 1000);
  const { user, system } = process.cpuUsage(before);
  times.processorValues.push((user + system) / 1e6);
}

/** `count` timed repetitions after one that is not counted, with the machine's rate before each. */
export async function repeated(
  context: BenchContext,
  work: () => unknown,
  count = context.options.repeats,
): Promise<Times> {
  await work();
  const times: Times = { values: [], processorValues: [] };
  for (let i = 0; i < count; i++) {
    context.measureRate();
    await timed(times, work);
  }
  return times;
}
