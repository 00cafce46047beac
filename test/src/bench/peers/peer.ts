import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { CocoError } from '@coco-rec/core';
import { root } from '../../layout/sources.js';
import { median } from '../bench-case.js';
import type { BenchOptions } from '../options.js';

/** Another program that does a case's work, in a Python script of ours. */
export interface Peer {
  /** As its makers write it. */
  readonly name: string;
  /** Its Python package, whose version stands beside the name. */
  readonly package: string;
  /** In the folder of this file's source. */
  readonly script: string;
  /** What the script reads, beside what it needs always. */
  settings(options: BenchOptions): object;
}

/** What a peer needed for the work of one of our figures. */
export interface PeerFigure {
  /** With its version. */
  readonly name: string;
  readonly values: readonly number[];
  readonly median: number;
  /** Median of the processor seconds. */
  readonly processor: number;
  /** Our median over the peer's: below 1 we are faster. */
  readonly ratio: number;
  readonly threads: number;
  /** Of the packages that count. */
  readonly versions: Readonly<Record<string, string>>;
  /** How its work differs, and what was extrapolated. */
  readonly note: string;
}

/** A script's answer: a figure for each of the case's own, in their order. */
export interface PeerAnswer {
  readonly threads: number;
  readonly versions: Readonly<Record<string, string>>;
  readonly figures: readonly {
    readonly values: readonly number[];
    readonly processorValues: readonly number[];
    readonly note: string;
  }[];
}

/** Scripts and the list of their packages. */
export const scriptFolder = join(root, 'test/src/bench/peers');

/** As many as our engine takes. */
export const threadCount = (): number => Number(process.env.TF_NUM_INTRAOP_THREADS ?? availableParallelism());

/** @param output what a script wrote @throws CocoError if there is no answer in it, or one that cannot be right */
export function readAnswer(output: string): PeerAnswer {
  const line = output.trim().split('\n').at(-1) ?? '';
  let answer: Partial<PeerAnswer> | null;
  try {
    answer = JSON.parse(line) as Partial<PeerAnswer> | null;
  } catch {
    throw new CocoError(`it answered ${line === '' ? 'nothing' : `"${line.slice(0, 80)}"`} instead of JSON`);
  }
  if (!isAnswer(answer)) throw new CocoError(`its answer lacks figures: ${line.slice(0, 200)}`);
  return answer;
}

function isAnswer(answer: Partial<PeerAnswer> | null): answer is PeerAnswer {
  const areTimes = (values: unknown): boolean =>
    Array.isArray(values) &&
    values.length > 0 &&
    values.every((value) => Number.isFinite(value) && value > 0);
  const { threads, versions, figures } = answer ?? {};
  return (
    Number.isInteger(threads) &&
    typeof versions === 'object' &&
    Array.isArray(figures) &&
    figures.length > 0 &&
    figures.every(
      (one) => areTimes(one?.values) && areTimes(one.processorValues) && typeof one.note === 'string',
    )
  );
}

/**
 * Our figures with the peer's beside them.
 * @throws CocoError if there are more of the peer's
 */
export function besidePeer<T extends { readonly median: number; readonly peers?: readonly PeerFigure[] }>(
  figures: readonly T[],
  peer: Pick<Peer, 'name' | 'package'>,
  { threads, versions, figures: theirs }: PeerAnswer,
): T[] {
  if (theirs.length > figures.length)
    throw new CocoError(`it answered ${theirs.length} figures, and the case has ${figures.length}`);
  const name = `${peer.name} ${versions[peer.package] ?? ''}`.trim();
  return figures.map((ours, n) => {
    if (n >= theirs.length) return ours;
    const { values, processorValues, note } = theirs[n];
    const [middle, processor] = [median(values), median(processorValues)];
    const ratio = ours.median / middle;
    const figure = { name, values, median: middle, processor, ratio, threads, versions, note };
    return { ...ours, peers: [...(ours.peers ?? []), figure] };
  });
}
