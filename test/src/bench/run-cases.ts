import { fork } from 'node:child_process';
import { join } from 'node:path';
import { CocoError } from '@coco-rec/core';
import { type BenchCase, type CaseResult, type Measurement, median } from './bench-case.js';
import type { BenchOptions } from './options.js';
import type { PeerFigure } from './peers/peer.js';
import type { CaseMessage } from './run-case.js';

/** A measurement with what the table shows beside it. */
export interface Figure extends Omit<Measurement, 'peerInput'> {
  readonly case: string;
  readonly median: number;
  /** Median of the processor seconds. */
  readonly processor?: number;
  /** In the unit of the figure; undefined where there is none. */
  readonly limit?: number;
  readonly engine: string;
  /** Median of the matrix product rates between the repetitions, GFLOPS. */
  readonly rate?: number;
  /** With `--peers`: what others needed, in the same run. */
  readonly peers?: readonly PeerFigure[];
}

/** What a case found. */
export interface CaseFigures {
  readonly figures: readonly Figure[];
  readonly profile?: string;
  /** Of all figures together. */
  readonly peerInput: object;
}

/** Runs a case, each in a process of its own. @throws CocoError if its process fails */
export async function runCase(bench: BenchCase, options: BenchOptions): Promise<CaseFigures> {
  const runs: Run[] = [];
  for (let i = 0; i < (bench.cold ? options.repeats : 1); i++) runs.push(await runProcess(bench, options));
  const [{ engine }] = runs;
  const rates = runs.flatMap((run) => run.rates);
  const rate = rates.length > 0 ? median(rates) : undefined;
  const figures = runs[0].measurements.map(({ peerInput: _, ...first }, n) => {
    const values = runs.flatMap((run) => run.measurements[n].values);
    const { gigaflop } = first;
    const processors = runs.flatMap((run) => run.measurements[n].processorValues ?? []);
    const processor = processors.length > 0 ? median(processors) : undefined;
    const limit = gigaflop !== undefined && rate !== undefined ? gigaflop / rate : first.limit;
    const middle = median(values);
    return { case: bench.id, ...first, values, median: middle, processor, limit, engine, rate };
  });
  const peerInput = Object.assign({}, ...runs[0].measurements.map((one) => one.peerInput)) as object;
  return { figures, profile: runs[0].profile, peerInput };
}

type Run = CaseResult;

function runProcess(bench: BenchCase, options: BenchOptions): Promise<Run> {
  return new Promise((resolve, reject) => {
    const child = fork(join(import.meta.dirname, 'run-case.js'), [bench.id, JSON.stringify(options)], {
      // What libraries print is no part of the table.
      stdio: ['ignore', process.stderr, 'inherit', 'ipc'],
    });
    let message: CaseMessage | undefined;
    child.on('message', (value) => (message = value as CaseMessage));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (message && 'result' in message) resolve(withMemory(bench, message));
      else {
        const reason = message?.error ?? `its process ended with ${signal ?? `code ${code}`}`;
        reject(new CocoError(`it failed: ${reason}`));
      }
    });
  });
}

/** A case that says how much memory may be used gets its process's peak as a figure. */
function withMemory(
  { memoryGoalMB, summary }: BenchCase,
  { result, peakMB }: Extract<CaseMessage, { result: unknown }>,
): Run {
  if (memoryGoalMB === undefined) return result;
  const figure: Measurement = {
    name: `peak memory: ${summary}`,
    unit: 'MB',
    values: [peakMB],
    goal: memoryGoalMB,
  };
  return { ...result, measurements: [...result.measurements, figure] };
}
