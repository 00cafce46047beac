/** Writes small GGUF files for tests, from the format's description and apart from the reader. */

/** A metadata value with GGUF's number of its type: 4 u32, 6 f32, 8 text, 9 a list of [inner type, values] … */
export type GgufEntry = readonly [type: number, value: unknown];

export interface GgufTensor {
  readonly name: string;
  /** Row-major. */
  readonly shape: readonly number[];
  /** GGML's number of the type: 0 F32, 1 F16, 2 Q4_0, … */
  readonly type: number;
  readonly bytes: Uint8Array;
}

export interface GgufContent {
  readonly metadata?: Readonly<Record<string, GgufEntry>>;
  readonly tensors?: readonly GgufTensor[];
  /** Default 3. */
  readonly version?: number;
  /** Bytes between tensors; default 32. It is not written into the metadata. */
  readonly alignment?: number;
}

export function writeGguf(content: GgufContent): Buffer {
  const { metadata = {}, tensors = [], version = 3, alignment = 32 } = content;
  const padded = (length: number): number => Math.ceil(length / alignment) * alignment;
  const head = [Buffer.from('GGUF'), u32(version), u64(tensors.length), u64(Object.keys(metadata).length)];
  for (const [key, [type, value]] of Object.entries(metadata))
    head.push(text(key), u32(type), scalar(type, value));
  let offset = 0;
  for (const { name, shape, type, bytes } of tensors) {
    head.push(text(name), u32(shape.length), ...[...shape].reverse().map(u64), u32(type), u64(offset));
    offset = padded(offset + bytes.length);
  }
  const header = Buffer.concat(head);
  const parts = [header, Buffer.alloc(padded(header.length) - header.length)];
  for (const { bytes } of tensors)
    parts.push(Buffer.from(bytes), Buffer.alloc(padded(bytes.length) - bytes.length));
  return Buffer.concat(parts);
}

/** Values as F32 bytes. */
export function floatBytes(values: ArrayLike<number>): Uint8Array {
  return new Uint8Array(Float32Array.from(values).buffer);
}

const u32 = (value: number): Buffer => Buffer.from(Uint32Array.of(value).buffer);

const u64 = (value: number): Buffer => Buffer.from(BigUint64Array.of(BigInt(value)).buffer);

function text(value: string): Buffer {
  return Buffer.concat([u64(Buffer.byteLength(value)), Buffer.from(value)]);
}

function scalar(type: number, value: unknown): Buffer {
  const numbers: Readonly<Record<number, (value: number) => ArrayBufferView>> = {
    0: (x) => Uint8Array.of(x),
    1: (x) => Int8Array.of(x),
    2: (x) => Uint16Array.of(x),
    3: (x) => Int16Array.of(x),
    4: (x) => Uint32Array.of(x),
    5: (x) => Int32Array.of(x),
    6: (x) => Float32Array.of(x),
    7: (x) => Uint8Array.of(Number(x)),
    10: (x) => BigUint64Array.of(BigInt(x)),
    11: (x) => BigInt64Array.of(BigInt(x)),
    12: (x) => Float64Array.of(x),
  };
  if (type === 8) return text(value as string);
  if (type === 9) {
    const [inner, values] = value as [number, unknown[]];
    return Buffer.concat([u32(inner), u64(values.length), ...values.map((one) => scalar(inner, one))]);
  }
  const { buffer } = numbers[type](value as number);
  return Buffer.from(buffer as ArrayBuffer);
}
