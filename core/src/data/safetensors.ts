import { CocoError } from '../errors.js';
import type { NamedArray } from '../specification/ranker.js';

const dtypes = { F32: Float32Array, I32: Int32Array } as const;

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
  readonly dtype: keyof typeof dtypes;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

/** Reads F32 and I32 tensors. @throws CocoError if the content is not what the header says. */
export function decodeSafetensors(bytes: Uint8Array): {
  tensors: Map<string, NamedArray>;
  metadata: Record<string, string>;
} {
  const { header, start } = readHeader(bytes);
  const { __metadata__: metadata = {}, ...entries } = header;
  const tensors = new Map<string, NamedArray>();
  for (const [name, entry] of Object.entries(entries as Record<string, Entry>)) {
    const [from, to] = entry.data_offsets;
    const size = entry.shape.reduce((a, b) => a * b, 1);
    const type = dtypes[entry.dtype];
    if (!type) throw new CocoError(`tensor "${name}" has the type ${entry.dtype}; F32 and I32 are read here`);
    if (to - from !== size * 4 || start + to > bytes.length)
      throw new CocoError(`tensor "${name}" is cut short`);
    const copy = new Uint8Array(to - from); // `slice` would not do: that of Node's buffers does not copy
    copy.set(bytes.subarray(start + from, start + to));
    tensors.set(name, { shape: entry.shape, values: new type(copy.buffer) });
  }
  return { tensors, metadata: metadata as Record<string, string> };
}

function readHeader(bytes: Uint8Array): { header: Record<string, unknown>; start: number } {
  if (bytes.length < 8) throw new CocoError('the file is shorter than a safetensors header');
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  if (length > bytes.length - 8) throw new CocoError('the safetensors header is cut short');
  try {
    const json = new TextDecoder().decode(bytes.subarray(8, 8 + length));
    return { header: JSON.parse(json) as Record<string, unknown>, start: 8 + length };
  } catch {
    throw new CocoError('the safetensors header is not JSON');
  }
}
