import { type FileStore, StoppedError } from '@coco-rec/core';
import { silentProgress } from '@coco-rec/standard';
import type { Opened } from './beauty.js';
import type { Times } from './bench-case.js';

/**
 * Trains the warm stage as `coco train` does, and stops after `count` epochs. The checkpoints go nowhere.
 * @param between called at the end of each epoch
 * @returns times of each epoch but the first, as its log has them: without checkpoint and validation
 */
export async function trainEpochs(
  { ranker, split }: Opened,
  count: number,
  between: () => void,
): Promise<Times> {
  const stop = new AbortController();
  const found: Times = { values: [], processorValues: [] };
  let before = process.cpuUsage();
  const files: FileStore = {
    read: async () => undefined,
    write: async () => undefined,
    append: async (_path, line) => {
      const { user, system } = process.cpuUsage(before);
      found.values.push((JSON.parse(line) as { seconds: number }).seconds);
      found.processorValues.push((user + system) / 1e6);
      if (found.values.length === count) stop.abort();
      between();
      before = process.cpuUsage();
    },
    list: async () => [],
    remove: async () => undefined,
  };
  try {
    await ranker.fit(split, { progress: silentProgress, signal: stop.signal, seed: 1, files });
  } catch (error) {
    if (!(error instanceof StoppedError)) throw error;
  }
  return { values: found.values.slice(1, count), processorValues: found.processorValues.slice(1, count) };
}
