/** `npm run bench`: measures, prints a table, writes JSON. See docs/benchmarks.md. */
import { writeFileSync } from 'node:fs';
import { CocoError, UsageError, nearestName } from '@coco-rec/core';
import type { BenchCase } from './bench-case.js';
import { cases } from './cases.js';
import { describeMachine } from './machine.js';
import { type BenchOptions, readOptions } from './options.js';
import { alignedTable, figuresTable, machineLine } from './report.js';
import { type Figure, runCase } from './run-cases.js';

function chosen({ cases: ids }: BenchOptions): readonly BenchCase[] {
  if (ids.length === 0) return cases;
  return ids.map((id) => {
    const found = cases.find((bench) => bench.id === id);
    if (found) return found;
    const known = cases.map((bench) => bench.id);
    const near = nearestName(id, known);
    throw new UsageError(
      `There is no case "${id}".${near ? ` Did you mean "${near}"?` : ''} Known: ${known.join(', ')}.`,
    );
  });
}

async function main(options: BenchOptions): Promise<void> {
  const wanted = chosen(options);
  if (options.list) {
    console.log(
      alignedTable(
        ['case', ''],
        wanted.map(({ id, summary }) => [id, summary]),
      ),
    );
    return;
  }
  const machine = describeMachine();
  const figures: Figure[] = [];
  const profiles: string[] = [];
  const skipped: { case: string; reason: string }[] = [];
  for (const bench of wanted) {
    const reason = bench.missing?.(options);
    if (reason !== undefined) {
      skipped.push({ case: bench.id, reason });
      continue;
    }
    process.stderr.write(`${bench.id} …\n`);
    const found = await runCase(bench, options).catch((error: unknown) => {
      if (!(error instanceof CocoError)) throw error;
      skipped.push({ case: bench.id, reason: error.message });
      process.exitCode = 1; // the other cases still have their say
    });
    if (!found) continue;
    figures.push(...found.figures);
    if (found.profile !== undefined) profiles.push(`\n${bench.id}\n${found.profile}`);
    // Written after each case, so that what was measured outlives a later one that fails.
    if (options.json !== undefined) writeJson(options.json, { machine, figures, skipped });
  }
  if (options.json !== undefined) writeJson(options.json, { machine, figures, skipped });
  const engines = [...new Set(figures.map(({ engine }) => engine))].filter((engine) => engine !== 'none');
  console.log([machineLine(machine), ...engines, '', figuresTable(figures)].join('\n'));
  for (const text of profiles) console.log(text);
  for (const one of skipped) console.log(`${one.case}: no figure, ${one.reason}`);
}

function writeJson(file: string, content: unknown): void {
  writeFileSync(file, `${JSON.stringify(content, null, 2)}\n`);
}

try {
  await main(readOptions(process.argv.slice(2)));
} catch (error) {
  if (!(error instanceof CocoError)) throw error;
  console.error(error.message);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
