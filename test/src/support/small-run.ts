/** A shop of 30 items as files, and short runs on it through the front door. */
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Metrics, type NamedArray, StoppedError, loadCheckpoint } from '@coco-rec/core';
import { testDataset } from '@coco-rec/core/testing';
import { NodeFileStore, type PlainConfig, type RunResult, createRecommender } from '@coco-rec/standard';
import { testEngine } from './engine.js';

/** Raw item ids of a user, oldest first. */
export type Histories = Map<string, string[]>;

const source = testDataset({ users: 40, items: 30, seed: 7 });

/** The histories of the shop, each with at least 5 items. */
export function smallShop(): Histories {
  const { offsets, sequence, users, items } = source;
  const historyOf = (user: number): string[] =>
    Array.from(sequence.subarray(offsets[user], offsets[user + 1]), (item) => items.get(item));
  return new Map(Array.from({ length: source.userCount }, (_, user) => [users.get(user), historyOf(user)]));
}

/** An interaction of the shop, with the second it was at. */
export interface Visit {
  readonly user: string;
  readonly item: string;
  readonly time: number;
}

/** The shop's interactions by time. */
export function smallVisits(): Visit[] {
  const { offsets, sequence, users, items, times = [] } = source;
  const ofUser = (user: number): Visit[] =>
    Array.from(sequence.subarray(offsets[user], offsets[user + 1]), (item, t) => ({
      user: users.get(user),
      item: items.get(item),
      time: times[offsets[user] + t],
    }));
  const all = Array.from({ length: source.userCount }, (_, user) => ofUser(user)).flat();
  return all.sort((a, b) => a.time - b.time);
}

/** A folder for one test, and how to be rid of it. */
export function temporaryFolder(): { folder: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'coco-test-'));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/**
 * Writes histories as CSV and titles as JSON Lines.
 * @returns the section `data` of a config. A first user has all items, so that whatever the others do the catalogue and
 * its order are the same.
 */
export async function writeShop(folder: string, name: string, histories: Histories): Promise<PlainConfig> {
  const visits = [...histories].flatMap(([user, list]) =>
    list.map((item, t) => ({ user, item, time: 1000 + 60 * t })),
  );
  return writeVisits(folder, name, visits);
}

/** The same for interactions with times of their own; the first user had all items before the others came. */
export async function writeVisits(
  folder: string,
  name: string,
  visits: readonly Visit[],
): Promise<PlainConfig> {
  const items = Array.from({ length: source.itemCount }, (_, i) => source.items.get(i + 1));
  const everything = items.map((item, t) => ({ user: 'everything', item, time: 1000 + 60 * t }));
  const lines = [...everything, ...visits].map(({ user, item, time }) => `${user},${item},${time}`);
  const titles = items.map((id, i) => JSON.stringify({ id, title: source.texts?.get(i + 1) }));
  const [path, itemsPath] = [join(folder, `${name}.csv`), join(folder, `${name}.jsonl`)];
  await writeFile(path, `user,item,time\n${lines.join('\n')}\n`);
  await writeFile(itemsPath, `${titles.join('\n')}\n`);
  const columns = { user: 'user', item: 'item', time: 'time' };
  return { format: 'csv', path, columns, items: itemsPath, itemId: 'id', text: ['title'] };
}

/** A small model of a fusion, 2 warm epochs and 2 joint ones, with every kind of randomness switched on. */
export function smallConfig(
  data: PlainConfig,
  fusion: string | PlainConfig,
  output: string,
  train: PlainConfig = {},
): PlainConfig {
  return {
    data,
    backbone: { id: 'sasrec', dimension: 16, maxLength: 12, dropout: 0.2 },
    ...((typeof fusion === 'string' ? fusion : fusion.id) === 'none' ? {} : { knowledge: { id: 'tiny' } }),
    fusion,
    train: { epochs: 4, warmEpochs: 2, usersPerStep: 10, warmupSteps: 5, patience: 0, ...train },
    evaluate: { topK: [5, 10], filter: 'none' },
    engine: testEngine,
    seed: 3,
    output,
  };
}

export interface SmallRun {
  readonly test: Metrics;
  readonly validation: Metrics;
  /** Tensors of the model that was kept. */
  readonly weights: ReadonlyMap<string, NamedArray>;
  /** Lines of metrics.jsonl, without times. */
  readonly epochs: readonly Record<string, number | string>[];
  /** Training steps taken. */
  readonly steps: number;
}

/** What an epoch did to the model, without what validation says about it. */
export const trainingOf = ({ epochs }: SmallRun): object[] =>
  epochs.map((epoch) =>
    Object.fromEntries(Object.entries(epoch).filter(([key]) => !key.startsWith('validation'))),
  );

/** Trains to the end, or until a step. @throws StoppedError after `stopAfter` steps */
export async function run(config: PlainConfig, stopAfter = Infinity): Promise<SmallRun> {
  const stop = new AbortController();
  let steps = 0;
  const report = (name: string): void => {
    if (/^(warm|joint) /.test(name) && ++steps === stopAfter) stop.abort();
  };
  const progress = { report, log: () => undefined };
  const recommender = createRecommender(config, { progress, signal: stop.signal });
  let result: RunResult;
  try {
    result = await recommender.fit();
  } finally {
    recommender.dispose();
  }
  const output = String(config.output);
  const weights = await tensorsOf(output, 'model.safetensors');
  return { test: result.test, validation: result.validation, weights, epochs: await epochsOf(output), steps };
}

/** Trains until a step. @returns the tensors of the checkpoint: weights, Adam's moments, best weights */
export async function runUntil(config: PlainConfig, step: number): Promise<ReadonlyMap<string, NamedArray>> {
  try {
    await run(config, step);
  } catch (error) {
    if (error instanceof StoppedError) return tensorsOf(String(config.output), 'checkpoint.safetensors');
    throw error;
  }
  throw new Error(`The run was over before step ${step}.`);
}

async function tensorsOf(output: string, file: string): Promise<ReadonlyMap<string, NamedArray>> {
  const saved = await loadCheckpoint(new NodeFileStore(output), file);
  if (!saved) throw new Error(`There is no ${file} in ${output}.`);
  return saved.tensors;
}

export async function epochsOf(output: string): Promise<Record<string, number | string>[]> {
  const lines = (await readFile(join(output, 'metrics.jsonl'), 'utf8')).trim().split('\n');
  return lines.map((line) => {
    const { seconds: _seconds, ...rest } = JSON.parse(line) as Record<string, number | string>;
    return rest;
  });
}
