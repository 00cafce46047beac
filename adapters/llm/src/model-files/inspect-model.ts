import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { CocoError } from '@coco-rec/core';
import { openGguf } from '../formats/gguf.js';
import type { ModelConfig } from '../model-config.js';
import { type ModelSource, openModel } from '../open-model.js';
import { checkReadable } from './check-readable.js';
import { hashFile } from './hash-file.js';
import type { PulledFile } from './pull-model.js';

/** What a model file is, without running it. */
export interface ModelSummary {
  readonly path: string;
  readonly format: ModelSource['format'];
  readonly config: ModelConfig;
  /** Number of values in all tensors. */
  readonly parameters: number;
  /** Longest text in tokens that the model was made for; absent where the file does not say. */
  readonly contextLength?: number;
  /** Types of the tensors with how many there are of each, most first. */
  readonly tensorTypes: readonly { readonly type: string; readonly tensors: number }[];
  /** Bytes of the files that hold the weights. */
  readonly bytes: number;
  readonly files: readonly PulledFile[];
  /** Why its tensors cannot be used; absent where they can. */
  readonly problem?: string;
  /** Why its tokenizer cannot be used; absent where it can. */
  readonly tokenizerProblem?: string;
}

/** Reads what a .gguf file or a Hugging Face folder says of itself. @throws CocoError if it cannot be opened */
export async function inspectModel(
  path: string,
  options: { signal?: AbortSignal } = {},
): Promise<ModelSummary> {
  const model = openModel(path);
  const tensors = [...model.weights.values()];
  const files: PulledFile[] = [];
  for (const file of model.files) {
    const bytes = statSync(file).size;
    files.push({ name: basename(file), bytes, sha256: (await hashFile(file, bytes, options.signal)).sha256 });
  }
  return {
    path,
    format: model.format,
    config: model.config,
    parameters: tensors.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0),
    contextLength: contextLengthOf(model),
    tensorTypes: countTypes(tensors),
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    files,
    problem: problemOf(() => checkReadable(path)),
    tokenizerProblem: problemOf(() => model.tokenizer()),
  };
}

function countTypes(tensors: readonly { type: string }[]): { type: string; tensors: number }[] {
  const counts = new Map<string, number>();
  for (const { type } of tensors) counts.set(type, (counts.get(type) ?? 0) + 1);
  return [...counts].map(([type, count]) => ({ type, tensors: count })).sort((a, b) => b.tensors - a.tensors);
}

function contextLengthOf({ path, format, config }: ModelSource): number | undefined {
  if (format === 'gguf') {
    const value = openGguf(path).metadata.get(`${config.architecture}.context_length`);
    return value === undefined ? undefined : Number(value);
  }
  const file = join(path, 'config.json');
  const json = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>) : {};
  return typeof json.max_position_embeddings === 'number' ? json.max_position_embeddings : undefined;
}

function problemOf(action: () => unknown): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    if (error instanceof CocoError) return error.message;
    throw error;
  }
}
