import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random } from '@coco-rec/core';
import { createContext, loadDataset } from '@coco-rec/standard';
import { type BenchCase, type Measurement, type Times, timed } from '../bench-case.js';
import { configFor } from '../beauty.js';

/** Rising, since the peak of memory is that of the process so far. */
const lineCounts = [1e5, 1e6, 1e7];
const linesPerUser = 10;
const itemCount = 1e5;
const linesPerWrite = 10_000;

/** A RecBole file with this many lines, in random order of users. @returns its path */
function writeLines(folder: string, lines: number): string {
  const path = join(folder, `growth-${lines}.inter`);
  const random = new Random(lines);
  const file = openSync(path, 'w');
  writeSync(file, 'user_id:token\titem_id:token\ttimestamp:float\n');
  for (let from = 0; from < lines; from += linesPerWrite) {
    let text = '';
    for (let i = from; i < from + linesPerWrite; i++) {
      const user = random.integer(lines / linesPerUser);
      text += `USER${user}\tITEM${random.integer(itemCount)}\t${1.6e9 + i}\n`;
    }
    writeSync(file, text);
  }
  closeSync(file);
  return path;
}

export const loadingGrowth: BenchCase = {
  id: 'loading-growth',
  summary: `loading ${lineCounts.map((count) => count.toLocaleString('en')).join(', ')} lines; time and peak memory`,
  engine: 'none',
  run: async ({ options }): Promise<Measurement[]> => {
    const folder = mkdtempSync(join(tmpdir(), 'coco-bench-'));
    const figures: Measurement[] = [];
    try {
      for (const count of lineCounts) {
        const path = writeLines(folder, count);
        const config = { ...configFor(options, 'cpu'), data: { format: 'recbole', path } };
        const { registry, context } = createContext(join(folder, 'none'));
        const times: Times = { values: [], processorValues: [] };
        await timed(times, () => loadDataset(config, registry, context));
        const name = `loading ${count.toLocaleString('en')} lines`;
        const peak = process.resourceUsage().maxRSS / 1024;
        figures.push(
          { name, unit: 's', ...times },
          { name: `${name}, peak memory`, unit: 'MB', values: [peak] },
        );
        rmSync(path);
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
    return figures;
  },
};
