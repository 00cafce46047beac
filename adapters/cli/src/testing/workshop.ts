import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type CocoOptions, type CocoRun, runCoco } from './run-coco.js';
import { writeTinyConfig, writeTinySet } from './tiny-set.js';

/** The part of result.json that tests look at. */
export interface Result {
  readonly protocol: Record<string, unknown>;
  readonly test: Record<string, number>;
  readonly validation: Record<string, number>;
  readonly seconds: number;
}

/** A folder with the tiny data set and `base.yaml`, and the command run in it. */
export class Workshop {
  private constructor(readonly folder: string) {}

  static async open(): Promise<Workshop> {
    const shop = new Workshop(await mkdtemp(join(tmpdir(), 'coco-cli-')));
    await writeTinySet(shop.folder);
    await shop.config('base.yaml', 'output: runs/base');
    return shop;
  }

  at(path: string): string {
    return join(this.folder, path);
  }

  coco(args: readonly string[], options: Partial<CocoOptions> = {}): Promise<CocoRun> {
    return runCoco(args, { folder: this.folder, ...options });
  }

  /** A config of the tiny set with more lines. */
  config(name: string, ...lines: string[]): Promise<void> {
    return writeTinyConfig(this.folder, name, lines);
  }

  async write(path: string, content: string | Uint8Array): Promise<void> {
    await mkdir(dirname(this.at(path)), { recursive: true });
    await writeFile(this.at(path), content);
  }

  async json<T = Result>(path: string): Promise<T> {
    return JSON.parse(await readFile(this.at(path), 'utf8')) as T;
  }

  close(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }
}

/** The command refused with this code, in one clear line and without a stack trace. */
export function assertRefused(run: CocoRun, code: number, pattern: RegExp): void {
  assert.equal(run.code, code, run.errors);
  const lines = run.errors
    .trim()
    .split('\n')
    .filter((line) => line.startsWith('coco: '));
  assert.equal(lines.length, 1, run.errors);
  assert.match(lines[0], pattern);
  assert.doesNotMatch(run.errors, /^ {4}at |Unexpected error/m);
}

export function assertGood(run: CocoRun): void {
  assert.equal(run.code, 0, run.errors);
}

/** A command line that must be refused. */
export interface BadCase {
  readonly name: string;
  readonly line: readonly string[];
  readonly code: number;
  readonly pattern: RegExp;
}

/** Runs the cases, two processes at a time, once; each is then looked at by a test of its own. */
export function runAll(shop: () => Workshop, cases: readonly BadCase[]): (one: BadCase) => Promise<CocoRun> {
  const runs = new Map<BadCase, Promise<CocoRun>>();
  const start = (one: BadCase | undefined): Promise<CocoRun> | undefined => {
    if (one && !runs.has(one)) runs.set(one, shop().coco(one.line));
    return one && runs.get(one);
  };
  return (one) => {
    const run = start(one) as Promise<CocoRun>;
    void start(cases[cases.indexOf(one) + 1]);
    return run;
  };
}
