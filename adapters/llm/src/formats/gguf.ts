/** GGUF files (versions 2 and 3), little-endian: header, key-value metadata, tensor list, aligned tensor data. */
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { CocoError } from '@coco-rec/core';
import { dequantise, quantisations } from './dequantise.js';
import { readBytes } from './safetensors-file.js';
import type { StoredTensor } from './weights.js';

export type GgufValue = number | bigint | boolean | string | GgufValue[];

export interface GgufFile {
  readonly metadata: ReadonlyMap<string, GgufValue>;
  /** By GGUF's names ("blk.0.attn_q.weight"); shapes in row-major order. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}

/** GGML type numbers. Those without an entry in `quantisations` are known by name only. */
const typeNames: Readonly<Record<number, string>> = {
  0: 'F32', 1: 'F16', 2: 'Q4_0', 3: 'Q4_1', 6: 'Q5_0', 7: 'Q5_1', 8: 'Q8_0', 9: 'Q8_1', 10: 'Q2_K', 11: 'Q3_K',
  12: 'Q4_K', 13: 'Q5_K', 14: 'Q6_K', 15: 'Q8_K', 16: 'IQ2_XXS', 17: 'IQ2_XS', 18: 'IQ3_XXS', 19: 'IQ1_S',
  20: 'IQ4_NL', 21: 'IQ3_S', 22: 'IQ2_S', 23: 'IQ4_XS', 24: 'I8', 25: 'I16', 26: 'I32', 27: 'I64', 28: 'F64',
  29: 'IQ1_M', 30: 'BF16',
}; // prettier-ignore

/** Reads forward through a file in large steps. */
class Reader {
  private chunk = new Uint8Array(0);
  private start = 0;
  private at = 0;
  private readonly file: number;
  private readonly size: number;

  constructor(readonly path: string) {
    this.size = statSync(path).size;
    this.file = openSync(path, 'r');
  }

  close(): void {
    closeSync(this.file);
  }

  get position(): number {
    return this.start + this.at;
  }

  /** Bytes after the position. */
  get left(): number {
    return this.size - this.position;
  }

  bytes(length: number): DataView {
    if (length > this.left || length > 1e9) {
      throw new CocoError(`${this.path} is cut short or damaged: it ends in the middle of its header.`);
    }
    if (this.at + length > this.chunk.length) {
      this.start = this.position;
      this.at = 0;
      this.chunk = new Uint8Array(Math.min(this.size - this.start, Math.max(length, 1 << 20)));
      readSync(this.file, this.chunk, 0, this.chunk.length, this.start);
    }
    const view = new DataView(this.chunk.buffer, this.at, length);
    this.at += length;
    return view;
  }

  u32(): number {
    return this.bytes(4).getUint32(0, true);
  }

  u64(): number {
    return Number(this.bytes(8).getBigUint64(0, true));
  }

  text(): string {
    const view = this.bytes(this.u64());
    return new TextDecoder().decode(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
  }
}

function readValue(reader: Reader, type: number): GgufValue {
  const readers: Record<number, () => GgufValue> = {
    0: () => reader.bytes(1).getUint8(0),
    1: () => reader.bytes(1).getInt8(0),
    2: () => reader.bytes(2).getUint16(0, true),
    3: () => reader.bytes(2).getInt16(0, true),
    4: () => reader.u32(),
    5: () => reader.bytes(4).getInt32(0, true),
    6: () => reader.bytes(4).getFloat32(0, true),
    7: () => reader.bytes(1).getUint8(0) !== 0,
    8: () => reader.text(),
    9: () => {
      const inner = reader.u32();
      const length = reader.u64();
      if (inner === 9)
        throw new CocoError(`${reader.path} has a list of lists in its header, which is not read.`);
      if (length > reader.left)
        throw new CocoError(`${reader.path} is damaged: a list in its header is too long.`);
      return Array.from({ length }, () => readValue(reader, inner));
    },
    10: () => reader.bytes(8).getBigUint64(0, true),
    11: () => reader.bytes(8).getBigInt64(0, true),
    12: () => reader.bytes(8).getFloat64(0, true),
  };
  const read = readers[type];
  if (!read)
    throw new CocoError(`${reader.path} is damaged: its header has a value of unknown type ${type}.`);
  return read();
}

/** Opens a GGUF file. @throws CocoError if it is no GGUF, cut short, damaged or of an unknown version */
export function openGguf(path: string): GgufFile {
  const reader = new Reader(path);
  try {
    return readFile(reader);
  } finally {
    reader.close();
  }
}

function readFile(reader: Reader): GgufFile {
  const { path } = reader;
  if (statSync(path).size < 24 || reader.u32() !== 0x46554747)
    throw new CocoError(`${path} is not a GGUF file.`);
  const version = reader.u32();
  if (version !== 2 && version !== 3)
    throw new CocoError(`${path} is GGUF version ${version}; 2 and 3 are read.`);
  const tensorCount = reader.u64();
  const keyCount = reader.u64();
  if (tensorCount > 1e6 || keyCount > 1e6)
    throw new CocoError(`${path} is damaged: its header makes no sense.`);
  const metadata = new Map<string, GgufValue>();
  for (let i = 0; i < keyCount; i++) {
    const key = reader.text();
    metadata.set(key, readValue(reader, reader.u32()));
  }
  const entries = Array.from({ length: tensorCount }, () => readEntry(reader));
  const alignment = Number(metadata.get('general.alignment') ?? 32);
  if (!Number.isSafeInteger(alignment) || alignment < 1) {
    throw new CocoError(`${path} is damaged: its "general.alignment" is no whole number above 0.`);
  }
  const start = Math.ceil(reader.position / alignment) * alignment;
  return {
    metadata,
    tensors: new Map(entries.map((entry) => [entry.name, storedTensor(path, entry, start)])),
  };
}

interface Entry {
  readonly name: string;
  readonly shape: number[];
  readonly type: string;
  readonly offset: number;
}

function readEntry(reader: Reader): Entry {
  const name = reader.text();
  const rank = reader.u32();
  if (rank > 8) throw new CocoError(`${reader.path} is damaged: tensor "${name}" has ${rank} dimensions.`);
  const shape = Array.from({ length: rank }, () => reader.u64()).reverse(); // the file has the fastest axis first
  const number = reader.u32();
  const offset = reader.u64();
  return { name, shape, type: typeNames[number] ?? `type ${number}`, offset };
}

function storedTensor(path: string, { name, shape, type, offset }: Entry, start: number): StoredTensor {
  const kind = quantisations[type];
  const count = shape.reduce((a, b) => a * b, 1);
  const byteLength = kind ? (count / kind.block) * kind.bytes : 0;
  const check = (): void => {
    if (!kind) {
      const known = Object.keys(quantisations).join(', ');
      throw new CocoError(`${path}: tensor "${name}" is quantised as ${type}; ${known} are read.`);
    }
    if (!Number.isInteger(byteLength))
      throw new CocoError(`${path} is damaged: tensor "${name}" has a wrong size.`);
    if (start + offset + byteLength > statSync(path).size) {
      throw new CocoError(`${path} is cut short: tensor "${name}" is not whole.`);
    }
  };
  return {
    shape,
    type,
    byteLength,
    read: () => {
      check();
      return dequantise(readBytes(path, start + offset, byteLength), type, count);
    },
  };
}
