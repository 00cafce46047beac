import { existsSync, openSync, readFileSync, readSync, closeSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CocoError, floatsOf } from '@coco-rec/core';
import type { StoredTensor } from './weights.js';

const widths: Readonly<Record<string, number>> = { F32: 4, F16: 2, BF16: 2, I32: 4, I64: 8 };
const largestHeader = 100_000_000;

/** The tensors of one safetensors file. @throws CocoError if it is cut short, damaged or has another type. */
export function openSafetensors(path: string): Map<string, StoredTensor> {
  const size = statSync(path).size;
  const start = readBytes(path, 0, Math.min(8, size));
  if (start.length < 8) throw new CocoError(`${path} is too short for a safetensors file.`);
  const length = Number(new DataView(start.buffer, start.byteOffset).getBigUint64(0, true));
  if (length > Math.min(size - 8, largestHeader)) {
    throw new CocoError(`${path} is cut short or no safetensors file: its header says ${length} bytes.`);
  }
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder().decode(readBytes(path, 8, length)));
  } catch {
    throw new CocoError(`${path} is damaged: its header is not JSON.`);
  }
  const tensors = new Map<string, StoredTensor>();
  for (const [name, entry] of Object.entries(header ?? {})) {
    if (name === '__metadata__') continue;
    if (!isEntry(entry))
      throw new CocoError(`${path} is damaged: its header does not describe tensor "${name}".`);
    tensors.set(name, tensorOf(path, name, entry, 8 + length, size));
  }
  return tensors;
}

interface Entry {
  readonly dtype: string;
  readonly shape: number[];
  readonly data_offsets: readonly [number, number];
}

function isEntry(value: unknown): value is Entry {
  const { dtype, shape, data_offsets: offsets } = (value ?? {}) as Partial<Entry>;
  const areCounts = (list: unknown): boolean =>
    Array.isArray(list) && list.every((count) => Number.isSafeInteger(count) && count >= 0);
  return typeof dtype === 'string' && areCounts(shape) && areCounts(offsets) && offsets?.length === 2;
}

function tensorOf(path: string, name: string, entry: Entry, start: number, fileSize: number): StoredTensor {
  const { dtype, shape, data_offsets: offsets } = entry;
  const width = widths[dtype];
  if (!width)
    throw new CocoError(
      `${path}: tensor "${name}" has the type ${dtype}; ${Object.keys(widths).join(', ')} are read.`,
    );
  const count = shape.reduce((a, b) => a * b, 1);
  const byteLength = offsets[1] - offsets[0];
  if (byteLength !== count * width)
    throw new CocoError(`${path} is damaged: tensor "${name}" has a wrong size.`);
  if (start + offsets[1] > fileSize)
    throw new CocoError(`${path} is cut short: tensor "${name}" is not whole.`);
  return {
    shape,
    type: dtype,
    byteLength,
    read: () => convert(readBytes(path, start + offsets[0], byteLength), dtype),
  };
}

function convert(bytes: Uint8Array, type: string): Float32Array {
  const { buffer, byteOffset } = bytes;
  if (type === 'F16' || type === 'BF16') return floatsOf(bytes, type);
  if (type === 'I32') return Float32Array.from(new Int32Array(buffer, byteOffset, bytes.length / 4));
  if (type === 'I64')
    return Float32Array.from(new BigInt64Array(buffer, byteOffset, bytes.length / 8), Number);
  return new Float32Array(buffer, byteOffset, bytes.length / 4);
}

/** A part of a file, in a buffer of its own. */
export function readBytes(path: string, from: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  const file = openSync(path, 'r');
  try {
    let done = 0;
    while (done < length) {
      const count = readSync(file, bytes, done, length - done, from + done);
      if (count === 0) throw new CocoError(`${path} is cut short: it ends at byte ${from + done}.`);
      done += count;
    }
  } finally {
    closeSync(file);
  }
  return bytes;
}

/** The tensors of a Hugging Face folder, in one file or in shards. */
export function openSafetensorsFolder(folder: string): {
  tensors: Map<string, StoredTensor>;
  files: string[];
} {
  const index = join(folder, 'model.safetensors.index.json');
  const single = join(folder, 'model.safetensors');
  if (existsSync(single)) return { tensors: openSafetensors(single), files: [single] };
  if (!existsSync(index))
    throw new CocoError(`${folder} has no model.safetensors and no model.safetensors.index.json.`);
  const map = readShards(index);
  const names = [...new Set(Object.values(map))].sort();
  const files = names.map((name) => {
    if (name.includes('/') || name.includes('..') || !existsSync(join(folder, name))) {
      throw new CocoError(`${folder} lacks the shard ${name} that its index names.`);
    }
    return join(folder, name);
  });
  const tensors = new Map(files.flatMap((file) => [...openSafetensors(file)]));
  for (const name of Object.keys(map)) {
    if (!tensors.has(name))
      throw new CocoError(`${folder}: the shard ${map[name]} lacks the tensor "${name}".`);
  }
  return { tensors, files };
}

/** Which shard holds each tensor. */
function readShards(path: string): Readonly<Record<string, string>> {
  let map: unknown;
  try {
    map = (JSON.parse(readFileSync(path, 'utf8')) as { weight_map?: unknown } | null)?.weight_map;
  } catch {
    throw new CocoError(`${path} is not valid JSON.`);
  }
  const isMap =
    typeof map === 'object' && map !== null && Object.values(map).every((name) => typeof name === 'string');
  if (!isMap) throw new CocoError(`${path} lacks the "weight_map" that names each tensor's shard.`);
  return map as Record<string, string>;
}
