import { CocoError, nearestName, UsageError, type EngineDescriptor, type EngineStatus } from '@coco-rec/core';
import { cpuEngine } from './cpu.js';
import { tensorflowEngine } from './tensorflow.js';
import { wasmEngine } from './wasm.js';

/** The engines, best first. */
export const engines: readonly EngineDescriptor[] = [tensorflowEngine, wasmEngine, cpuEngine].sort(
  (a, b) => b.preference - a.preference,
);

export interface StartedEngine {
  readonly id: string;
  /** Name, version and threads. */
  readonly detail: string;
  /** Of `auto`: why the better engines were not taken, one sentence each. */
  readonly passedOver: readonly string[];
}

/**
 * Makes an engine tfjs's backend, ready to train.
 * @param id an engine's id, or `auto`: the best that starts
 * @throws UsageError if there is no such engine; CocoError if it cannot start, with the reason
 */
export async function startEngine(id: string): Promise<StartedEngine> {
  if (id === 'auto') return await startBest();
  const engine = engines.find((candidate) => candidate.id === id);
  if (!engine) throw unknownEngine(id);
  return { id, detail: await engine.start(), passedOver: [] };
}

async function startBest(): Promise<StartedEngine> {
  const reasons: string[] = [];
  for (const { id, start } of engines) {
    try {
      return { id, detail: await start(), passedOver: reasons };
    } catch (error) {
      reasons.push(`${id}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new CocoError(`No engine starts here. ${reasons.join(' ')}`);
}

function unknownEngine(id: string): UsageError {
  const known = ['auto', ...engines.map((engine) => engine.id)];
  const near = nearestName(id, known);
  const hint = near ? ` Did you mean "${near}"?` : '';
  return new UsageError(`There is no engine "${id}".${hint} Known: ${known.join(', ')}.`);
}

export interface EngineReport extends EngineStatus {
  readonly id: string;
  /** Whether `auto` would take it. */
  readonly chosen: boolean;
}

/** @returns every engine, best first, with what it is or why it cannot run here. */
export async function engineStatus(): Promise<EngineReport[]> {
  const reports = await Promise.all(engines.map(async ({ id, status }) => ({ id, ...(await status()) })));
  const best = reports.find((report) => report.available);
  return reports.map((report) => ({ ...report, chosen: report === best }));
}
