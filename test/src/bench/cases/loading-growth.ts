import { closeSync, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random } from '@coco-rec/core';
import { createContext, loadDataset } from '@coco-rec/standard';
import { type BenchCase, type Measurement, type Times, timed } from '../bench-case.js';
import { configFor } from '../beauty.js';

/** Rising, since the peak of memory is that of the process so far. */
const lineCounts = [1e5, 1e6, 1e7, 1e8];
const linesPerUser = 10;
const mostUsers = 1e6;
const itemCount = 1e5;
const bytesPerLine = 34;
/** Megabytes for the most lines. */
const memoryGoal = 2048;
const linesPerWrite = 10_000;

function needsDisk(): string | undefined {
  const { bavail, bsize } = statfsSync(tmpdir());
  const needed = bytesPerLine * Math.max(...lineCounts);
  if (bavail * bsize >= needed) return undefined;
  const [has, needs] = [bavail * bsize, needed].map((bytes) => (bytes / 1e9).toFixed(1));
  return `${tmpdir()} has ${has} GB free and ${needs} GB are needed; set TMPDIR to a folder with more room`;
}

/** A RecBole file with this many lines, in random order of users. @returns its path */
function writeLines(folder: string, lines: number): string {
  const path = join(folder, `growth-${lines}.inter`);
  const random = new Random(lines);
  const users = Math.min(lines / linesPerUser, mostUsers);
  const file = openSync(path, 'w');
  writeSync(file, 'user_id:token\titem_id:token\ttimestamp:float\n');
  for (let from = 0; from < lines; from += linesPerWrite) {
    let text = '';
    for (let i = from; i < from + linesPerWrite; i++) {
      const user = random.integer(users);
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
  missing: needsDisk,
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
          {
            name,
            unit: 's',
            growth: { cost: 'seconds to load', along: 'lines', at: count, expected: 'linear' },
            ...times,
          },
          {
            name: `${name}, peak memory`,
            unit: 'MB',
            values: [peak],
            growth: { cost: 'MB at the peak', along: 'lines', at: count },
            goal: count === lineCounts.at(-1) ? memoryGoal : undefined,
          },
        );
        rmSync(path);
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
    return figures;
  },
};
