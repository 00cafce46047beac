import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Comparison } from '@coco-rec/standard';
import { drawGains } from './gains-figure.js';
import { rootFolder } from './pages.js';

const results = join(rootFolder, 'docs', 'results', 'beauty-fusions');

/** Where the figure stands that README shows. */
export const gainsFile = join(results, 'gains.svg');

/** The comparison that it is drawn from. */
export async function readComparison(): Promise<Comparison> {
  return JSON.parse(await readFile(join(results, 'five-seeds.json'), 'utf8')) as Comparison;
}

export async function gainsFigure(): Promise<string> {
  return drawGains(await readComparison());
}
