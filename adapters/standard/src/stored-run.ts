import { CocoError, loadCheckpoint } from '@coco-rec/core';
import { NodeFileStore } from './node-ports.js';
import { readRecord } from './read-record.js';
import type { RunResult } from './result.js';
import { runFiles } from './run.js';

/** A finished run of a method. */
export interface StoredRun {
  readonly seed: number;
  readonly folder: string;
  readonly result: RunResult;
  /** The rank of each test target. */
  readonly ranks: Int32Array;
}

/** The run in a folder; undefined where none is, or one that is not finished. @throws CocoError where a file is damaged */
export async function readStoredRun(folder: string): Promise<StoredRun | undefined> {
  const files = new NodeFileStore(folder);
  const result = await readRecord<RunResult>(files, runFiles.result);
  const saved = await loadCheckpoint(files, runFiles.ranks);
  if (!result || !saved) return undefined;
  const ranks = saved.tensors.get('ranks')?.values;
  const { seed, evaluatedUsers } = result.protocol ?? {};
  if (!(ranks instanceof Int32Array) || typeof seed !== 'number' || ranks.length !== evaluatedUsers)
    throw new CocoError(
      `${runFiles.result} and ${runFiles.ranks} of ${folder} are not of one run: the first tells of ${String(evaluatedUsers)} ` +
        `users, the other of ${ranks?.length ?? 0}. Remove the folder and train again.`,
    );
  return { seed, folder, result, ranks };
}
