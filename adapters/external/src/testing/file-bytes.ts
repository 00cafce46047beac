/** Bytes of files as other programs write them. */

/** A NumPy file as `numpy.save` writes it. */
export function npy(descr: string, shape: string, data: Uint8Array, order = 'False'): Uint8Array {
  const text = `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': (${shape}), }`;
  const header = `${text.padEnd(128 - 10 - 1)}\n`;
  const start = Uint8Array.from([0x93, ...Buffer.from('NUMPY'), 1, 0, header.length, 0]);
  return Buffer.concat([start, Buffer.from(header), data]);
}

/** A safetensors file of a matrix [2, 3], of whatever type. */
export function safetensors(dtype: string, data: Uint8Array): Uint8Array {
  const header = { vectors: { dtype, shape: [2, 3], data_offsets: [0, data.length] } };
  const start = Buffer.alloc(8);
  start.writeUInt32LE(80);
  return Buffer.concat([start, Buffer.from(JSON.stringify(header).padEnd(80)), data]);
}

/** A Zstandard frame with its content as it is; Node compresses so from version 22 on only. */
export function zstd(content: Uint8Array): Uint8Array {
  const header = Buffer.alloc(12);
  header.writeUInt32LE(0xfd2fb528, 0);
  header.writeUInt8(0xa0, 4); // one segment, its size in 4 bytes
  header.writeUInt32LE(content.length, 5);
  header.writeUIntLE((content.length << 3) | 1, 9, 3); // the last block, raw
  return Buffer.concat([header, content]);
}

export const bytesOf = (values: Float32Array | Float64Array | Uint16Array): Uint8Array =>
  new Uint8Array(values.buffer);
