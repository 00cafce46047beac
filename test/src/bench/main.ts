/** `npm run bench`: measures, prints a table, writes JSON. See docs/benchmarks.md. */
import { writeFileSync } from 'node:fs';
import { CocoError, StoppedError, UsageError, nearestName } from '@coco-rec/core';
import type { BenchCase } from './bench-case.js';
import { cases } from './cases.js';
import { type Machine, describeMachine } from './machine.js';
import { type BenchOptions, readOptions } from './options.js';
import { type PeerRuntime, type SkippedPeer, preparePeers, runPeers } from './peers/run-peers.js';
import { drawGrowth } from './draw-growth.js';
import { casesTable, figuresTable, machineLine } from './report.js';
import { type Figure, runCase } from './run-cases.js';

function chosen({ cases: ids, peer }: BenchOptions): readonly BenchCase[] {
  const known = cases.map((bench) => bench.id);
  const wanted = ids.map((id) => cases[indexOf(id, known, 'case')]);
  const all = wanted.length > 0 ? wanted : cases;
  if (peer === undefined) return all;
  const names = [...new Set(all.flatMap(({ peers }) => peers ?? []).map(({ name }) => name))];
  indexOf(peer, names, 'peer');
  return all.map((bench) => ({ ...bench, peers: bench.peers?.filter(({ name }) => name === peer) }));
}

/** @throws UsageError that names what is known */
function indexOf(name: string, known: readonly string[], what: string): number {
  const at = known.indexOf(name);
  if (at >= 0) return at;
  const near = nearestName(name, known);
  const hint = near ? ` Did you mean "${near}"?` : '';
  throw new UsageError(`There is no ${what} "${name}".${hint} Known: ${known.join(', ') || 'none'}.`);
}

/** What is shown in the end. */
interface Found {
  readonly machine: Machine;
  readonly figures: Figure[];
  readonly profiles: string[];
  readonly skipped: (SkippedPeer | { readonly case: string; readonly reason: string })[];
}

const log = (text: string): void => void process.stderr.write(`${text}\n`);

async function main(options: BenchOptions): Promise<void> {
  const wanted = chosen(options);
  if (options.list) {
    console.log(casesTable(wanted));
    return;
  }
  const withPeers = options.peers && wanted.some(({ peers }) => peers?.length);
  // Before all figures: making the environment is work for the machine, too.
  const runtime = withPeers ? await preparePeers(log) : undefined;
  const found: Found = { machine: describeMachine(), figures: [], profiles: [], skipped: [] };
  for (const bench of wanted) {
    const reason = bench.missing?.(options);
    if (reason !== undefined) {
      found.skipped.push({ case: bench.id, reason });
      continue;
    }
    await measure(bench, options, found, runtime);
    // Written after each case, so that what was measured outlives a later one that fails.
    if (options.json !== undefined) writeJson(options.json, found);
  }
  if (options.json !== undefined) writeJson(options.json, found);
  if (options.plot !== undefined) writeFileSync(options.plot, drawGrowth(found.figures));
  show(found);
}

async function measure(
  bench: BenchCase,
  options: BenchOptions,
  { figures, profiles, skipped }: Found,
  runtime: PeerRuntime | undefined,
): Promise<void> {
  log(`${bench.id} …`);
  const own = await runCase(bench, options).catch((error: unknown) => {
    if (!(error instanceof CocoError)) throw error;
    skipped.push({ case: bench.id, reason: error.message });
    process.exitCode = 1; // the other cases still have their say
  });
  if (!own) return;
  if (own.profile !== undefined) profiles.push(`\n${bench.id}\n${own.profile}`);
  if (!runtime) {
    figures.push(...own.figures);
    return;
  }
  const beside = await runPeers(bench, own, { options, runtime, log });
  figures.push(...beside.figures);
  skipped.push(...beside.skipped);
  if (beside.failed) process.exitCode = 1;
}

function show({ machine, figures, profiles, skipped }: Found): void {
  const engines = [...new Set(figures.map(({ engine }) => engine))].filter((engine) => engine !== 'none');
  console.log([machineLine(machine), ...engines, '', figuresTable(figures)].join('\n'));
  for (const text of profiles) console.log(text);
  for (const one of skipped) {
    const whose = 'peer' in one ? ` of ${one.peer}` : '';
    console.log(`${one.case}: no figure${whose}, ${one.reason}`);
  }
}

function writeJson(file: string, { machine, figures, skipped }: Found): void {
  writeFileSync(file, `${JSON.stringify({ machine, figures, skipped }, null, 2)}\n`);
}

try {
  await main(readOptions(process.argv.slice(2)));
} catch (error) {
  if (!(error instanceof CocoError)) throw error;
  console.error(error.message);
  process.exitCode = error instanceof UsageError ? 2 : error instanceof StoppedError ? 130 : 1;
}
