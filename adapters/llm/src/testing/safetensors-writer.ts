/** Writes safetensors files of any type for tests, apart from the reader. */

export interface RawTensor {
  readonly shape: readonly number[];
  /** As the format names it: F32, F16, BF16, I32, I64. */
  readonly type: string;
  readonly bytes: Uint8Array;
}

export function writeSafetensors(tensors: Readonly<Record<string, RawTensor>>): Buffer {
  const header: Record<string, object> = { __metadata__: { format: 'pt' } };
  let end = 0;
  for (const [name, { shape, type, bytes }] of Object.entries(tensors)) {
    header[name] = { dtype: type, shape, data_offsets: [end, end + bytes.length] };
    end += bytes.length;
  }
  return withHeader(JSON.stringify(header), ...Object.values(tensors).map(({ bytes }) => bytes));
}

/** A file with any header text. */
export function withHeader(header: string, ...data: readonly Uint8Array[]): Buffer {
  const text = Buffer.from(header);
  const length = Buffer.from(BigUint64Array.of(BigInt(text.length)).buffer);
  return Buffer.concat([length, text, ...data]);
}
