import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { CocoError, StoppedError } from '@coco-rec/core';
import type { BenchCase } from '../bench-case.js';
import type { BenchOptions } from '../options.js';
import type { Figure } from '../run-cases.js';
import { peerPython } from './environment.js';
import { type Peer, type PeerAnswer, besidePeer, readAnswer, scriptFolder, threadCount } from './peer.js';
import { runProgram } from './run-program.js';

/** A peer without a figure. */
export interface SkippedPeer {
  readonly case: string;
  readonly peer: string;
  readonly reason: string;
}

/** Python, or why there is none. */
export type PeerRuntime = { readonly python: string } | { readonly reason: string };

/** Finds or makes the environment of the peers. @throws StoppedError */
export async function preparePeers(log: (text: string) => void): Promise<PeerRuntime> {
  try {
    return { python: await stoppable((signal) => peerPython({ signal, log })) };
  } catch (error) {
    if (error instanceof StoppedError || !(error instanceof CocoError)) throw error;
    return { reason: error.message };
  }
}

/**
 * Runs the peers of a case one after another, each in a process of its own.
 * @returns the case's figures with theirs, and which gave none; `failed`: one that should have
 * @throws StoppedError
 */
export async function runPeers(
  bench: BenchCase,
  own: { readonly figures: readonly Figure[]; readonly peerInput: object },
  { options, runtime, log }: PeerRun,
): Promise<{ figures: readonly Figure[]; skipped: SkippedPeer[]; failed: boolean }> {
  let { figures } = own;
  let failed = false;
  const skipped: SkippedPeer[] = [];
  for (const peer of bench.peers ?? []) {
    const skip = (reason: string): void => void skipped.push({ case: bench.id, peer: peer.name, reason });
    if ('reason' in runtime) {
      skip(runtime.reason);
      continue;
    }
    log(`${bench.id}, ${peer.name} …`);
    try {
      figures = besidePeer(figures, peer, await runPeer(runtime.python, peer, options, own.peerInput));
    } catch (error) {
      if (error instanceof StoppedError || !(error instanceof CocoError)) throw error;
      skip(error.message);
      failed = true;
    }
  }
  return { figures, skipped, failed };
}

export interface PeerRun {
  readonly options: BenchOptions;
  readonly runtime: PeerRuntime;
  readonly log: (text: string) => void;
}

/** @param more settings that our own run of the case found @throws CocoError that says how it failed; StoppedError */
export async function runPeer(
  python: string,
  peer: Peer,
  options: BenchOptions,
  more: object = {},
): Promise<PeerAnswer> {
  const threads = threadCount();
  const { repeats, peerSteps: steps } = options;
  const input = JSON.stringify({ threads, repeats, steps, ...peer.settings(options), ...more });
  const folder = mkdtempSync(resolve(tmpdir(), 'coco-peer-')); // for what they write beside themselves
  const environment = {
    OMP_NUM_THREADS: String(threads),
    CUDA_VISIBLE_DEVICES: '', // both on the processor
    PYTHONDONTWRITEBYTECODE: '1',
    HF_HUB_OFFLINE: '1',
  };
  try {
    const script = resolve(scriptFolder, peer.script);
    return readAnswer(
      await stoppable((signal) => runProgram(python, [script], { folder, environment, input, signal })),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Ctrl-C ends what runs, instead of leaving it behind. */
async function stoppable<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const stop = (): void => controller.abort();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, stop);
  try {
    return await work(controller.signal);
  } finally {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.off(name, stop);
  }
}
