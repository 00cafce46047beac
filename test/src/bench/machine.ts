import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import { codeVersion } from '@coco-rec/standard';
import { root } from '../layout/sources.js';

/** The circumstances of a run. */
export interface Machine {
  readonly date: string;
  /** With "+ changes" where files differ from it. */
  readonly commit: string;
  readonly version: string;
  readonly node: string;
  readonly processor: string;
  readonly cores: number;
  readonly memoryGB: number;
  /** Mean number of processes that wanted a core in the last minute, at the start: above 0.5 other work ran beside. */
  readonly loadBefore: number;
}

export function describeMachine(): Machine {
  return {
    date: new Date().toISOString(),
    commit: commit(),
    version: codeVersion,
    node: process.version,
    processor: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryGB: Math.round(totalmem() / 2 ** 30),
    loadBefore: Math.round(loadavg()[0] * 10) / 10,
  };
}

function commit(): string {
  const git = (...words: string[]): string =>
    execFileSync('git', words, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain', '-uno') ? ' + changes' : '');
  } catch {
    return 'unknown'; // no clone, or no git
  }
}
