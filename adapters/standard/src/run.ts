import {
  type AdapterContext,
  type ExternalFile,
  type FileStore,
  type NamedArray,
  type Ranker,
  type RunConfig,
  UsageError,
  saveCheckpoint,
} from '@coco-rec/core';
import { demandSameFiles } from './external-files.js';
import type { NodeFileStore } from './node-ports.js';
import { readRecord } from './read-record.js';
import { type RunResult, measure, protocolOf } from './result.js';
import { saveModel } from './saved-model.js';
import type { Session } from './session.js';
import { splitHash, splitKey, withoutDefaultSplit } from './split-data.js';

/** Names of the files in a run folder. */
export const runFiles = { run: 'run.json', result: 'result.json', ranks: 'ranks.safetensors' } as const;

export interface Run {
  readonly session: Session;
  readonly ranker: Ranker;
  readonly config: RunConfig;
  readonly files: NodeFileStore;
  readonly context: AdapterContext;
  /** What it took to make the ranker, texts that were read included. Default 0. */
  readonly prepareSeconds?: number;
  /** Shared warm starts of a comparison. */
  readonly warmFiles?: FileStore;
}

/**
 * The config as it decides the numbers: without the output folder and the keys of fusions that were not chosen, as one line
 * of JSON with sorted keys.
 */
export function configKey({ output: _output, fusions: _fusions, evaluate, ...config }: RunConfig): string {
  return sortedJson({ ...config, evaluate: withoutDefaultSplit(evaluate) });
}

/** What the warm start of a run hangs on: the same for every fusion of a comparison. */
export function warmKey(config: RunConfig, dataHash: string, sideHash?: string): string {
  const { output: _output, fusion: _fusion, fusions: _fusions, writer: _writer, evaluate, ...rest } = config; // prettier-ignore
  return sortedJson({ ...rest, ...splitKey(evaluate), dataHash, sideHash });
}

function sortedJson(config: object): string {
  const sort = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(sort);
    if (value === null || typeof value !== 'object') return value;
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(entries.map(([key, inner]) => [key, sort(inner)]));
  };
  return JSON.stringify(sort(config));
}

/** Trains (or resumes), measures, and writes the run folder. */
export async function runOnce(run: Run): Promise<RunResult> {
  const { session, ranker, config, files, context, prepareSeconds = 0 } = run;
  const configHash = context.hasher.sha256(configKey(config));
  await claimFolder(run, configHash);
  const { progress, signal } = context;
  const { seed } = config;
  const fitting = { progress, signal, seed, files, warmFiles: run.warmFiles };
  const old = await readRecord<RunResult>(files, runFiles.result);
  if (old)
    progress.log(`${files.root} holds a finished run of this config: it is measured again, not trained.`);
  const { value: training, seconds: lastStart } = await timed(() => ranker.fit(session.split, fitting));
  const measuring = await timed(() => measure(ranker, session.split, config, { progress, signal }));
  const { ranks, ...measured } = measuring.value;
  const protocol = protocolOf(config, session.split, {
    engine: session.engine,
    configHash,
    seed,
  });
  if (old) demandSameFigures(files.root, old, { ...measured, protocol });
  await saveModel(files, ranker, config, session);
  const { trainSeconds: train = lastStart } = training as { readonly trainSeconds?: number };
  const times = { prepare: prepareSeconds, train, measure: measuring.seconds };
  const seconds = times.prepare + times.train + times.measure;
  const result: RunResult = { protocol, ...measured, seconds, times, training, config };
  await saveRanks(files, ranks);
  await files.write(runFiles.result, `${JSON.stringify(result, null, 2)}\n`);
  return result;
}

/** Figures of the same weights on the same engine differ by rounding alone. */
const largestChange = 0.01;

/** @throws UsageError where a finished run's weights no longer give its figures, as its backbone's code is another */
function demandSameFigures(
  folder: string,
  old: RunResult,
  found: Pick<RunResult, 'test' | 'protocol'>,
): void {
  const own = ['engine', 'codeVersion', 'topK'] as const;
  if (own.some((key) => JSON.stringify(old.protocol[key]) !== JSON.stringify(found.protocol[key]))) return;
  const changed = Object.entries(old.test).find(
    ([name, value]) => Math.abs(found.test[name] - value) > largestChange * Math.abs(value),
  );
  if (!changed) return;
  const [name, value] = changed;
  throw new UsageError(
    `${folder} holds a finished run whose weights no longer give its figures (${name} on test ${found.test[name].toFixed(4)}, ` +
      `then ${value.toFixed(4)}): the code of its backbone or fusion has changed. Choose another "output", or remove that folder.`,
  );
}

/** What `work` gives, and how long it took. */
export async function timed<T>(work: () => Promise<T>): Promise<{ value: T; seconds: number }> {
  const startedAt = Date.now();
  const value = await work();
  return { value, seconds: (Date.now() - startedAt) / 1000 };
}

async function saveRanks(files: FileStore, ranks: Int32Array): Promise<void> {
  const tensors = new Map<string, NamedArray>([['ranks', { shape: [ranks.length], values: ranks }]]);
  await saveCheckpoint(files, runFiles.ranks, { tensors, info: {} });
}

/** What `run.json` says beside the config. */
interface ClaimedRun {
  readonly configHash: string;
  readonly dataHash: string;
  /** `Dataset.sideHash`. Absent: none, or a run of a version that numbered attributes otherwise. */
  readonly sideHash?: string;
  /** Absent: none. */
  readonly externalFiles?: readonly ExternalFile[];
}

/** A run folder belongs to one config, one data set and the files of its model; another's is never overwritten. */
async function claimFolder({ files, config, session, ranker }: Run, configHash: string): Promise<void> {
  const hash = splitHash(session.split, session.context.hasher);
  const { sideHash } = session.split.dataset;
  const { externalFiles = [], readsAttributes = false } = ranker;
  const old = await readRecord<ClaimedRun>(files, runFiles.run);
  if (old) {
    const isUnknown = old.sideHash === undefined && !readsAttributes;
    const isSame = old.dataHash === hash && (isUnknown || old.sideHash === sideHash);
    if (old.configHash === configHash && isSame) {
      return demandSameFiles(`The run in ${files.root}`, old.externalFiles ?? [], externalFiles);
    }
    const what = old.configHash === configHash ? 'other data' : 'another config';
    throw new UsageError(
      `${files.root} holds a run of ${what} (see its ${runFiles.run}). Choose another "output", or remove that folder.`,
    );
  }
  await files.write(
    runFiles.run,
    `${JSON.stringify({ configHash, dataHash: hash, sideHash, externalFiles, config }, null, 2)}\n`,
  );
}
