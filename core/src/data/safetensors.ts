import { CocoError } from '../errors.js';
import type { NamedArray } from '../specification/ranker.js';
import { type FloatType, floatWidths, floatsOf } from './floats.js';

const widths = new Map<string, number>([...Object.entries(floatWidths), ['I32', 4]]);

/** Writes the safetensors format: 8 bytes header length, JSON header, data. F32 and I32. */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, NamedArray>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let end = 0;
  for (const [name, { shape, values }] of tensors) {
    const start = end;
    end += values.byteLength;
    header[name] = {
      dtype: values instanceof Float32Array ? 'F32' : 'I32',
      shape,
      data_offsets: [start, end],
    };
  }
  let json = JSON.stringify(header);
  const encoder = new TextEncoder();
  const length = encoder.encode(json).length;
  json += ' '.repeat((8 - (length % 8)) % 8);
  const headerBytes = encoder.encode(json);
  const bytes = new Uint8Array(8 + headerBytes.length + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerBytes.length), true);
  bytes.set(headerBytes, 8);
  let at = 8 + headerBytes.length;
  for (const { values } of tensors.values()) {
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), at);
    at += values.byteLength;
  }
  return bytes;
}

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

/** Reads F16, BF16, F32 and F64, all as float32, and I32. @throws CocoError if the content is not what the header says. */
export function decodeSafetensors(bytes: Uint8Array): {
  tensors: Map<string, NamedArray>;
  metadata: Record<string, string>;
} {
  const { header, start } = readHeader(bytes);
  const { __metadata__: metadata = {}, ...entries } = header;
  const tensors = new Map<string, NamedArray>();
  for (const [name, entry] of Object.entries(entries))
    tensors.set(name, readTensor(name, entry, bytes.subarray(start)));
  return { tensors, metadata: metadata as Record<string, string> };
}

function readTensor(name: string, entry: unknown, content: Uint8Array): NamedArray {
  if (!isEntry(entry)) throw new CocoError(`the safetensors header does not describe the tensor "${name}"`);
  const { dtype, shape } = entry;
  const [from, to] = entry.data_offsets;
  const width = widths.get(dtype);
  if (!width)
    throw new CocoError(
      `tensor "${name}" has the type ${dtype}; ${[...widths.keys()].join(', ')} are read here`,
    );
  const size = shape.reduce((a, b) => a * b, 1);
  if (to - from !== size * width || to > content.length) throw new CocoError(`tensor "${name}" is cut short`);
  const data = content.subarray(from, to);
  if (dtype !== 'I32') return { shape, values: floatsOf(data, dtype as FloatType) };
  const copy = new Uint8Array(data.length);
  copy.set(data);
  return { shape, values: new Int32Array(copy.buffer) };
}

function isEntry(value: unknown): value is Entry {
  const { dtype, shape, data_offsets: offsets } = (value ?? {}) as Partial<Record<keyof Entry, unknown>>;
  const isSizes = (list: unknown): list is number[] =>
    Array.isArray(list) && list.every((size) => Number.isSafeInteger(size) && size >= 0);
  return typeof dtype === 'string' && isSizes(shape) && isSizes(offsets) && offsets.length === 2;
}

function readHeader(bytes: Uint8Array): { header: Record<string, unknown>; start: number } {
  if (bytes.length < 8) throw new CocoError('the file is shorter than a safetensors header');
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  if (length > bytes.length - 8) throw new CocoError('the safetensors header is cut short');
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  } catch {
    throw new CocoError('the safetensors header is not JSON');
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header))
    throw new CocoError('the safetensors header names no tensors');
  return { header: header as Record<string, unknown>, start: 8 + length };
}
