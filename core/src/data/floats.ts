/** Numbers of the widths that vectors are saved in, read as float32. Little-endian, as the formats here are. */

/** Names as safetensors has them. */
export type FloatType = 'F16' | 'BF16' | 'F32' | 'F64';

/** Bytes of one number. */
export const floatWidths: Readonly<Record<FloatType, number>> = { F16: 2, BF16: 2, F32: 4, F64: 8 };

/** @param bytes a whole number of them, at any place of a buffer. What float32 cannot hold becomes infinite. */
export function floatsOf(bytes: Uint8Array, type: FloatType): Float32Array<ArrayBuffer> {
  const copy = new Uint8Array(bytes.length); // aligned; `slice` would not do: that of Node's buffers does not copy
  copy.set(bytes);
  if (type === 'F32') return new Float32Array(copy.buffer);
  if (type === 'F64') return Float32Array.from(new Float64Array(copy.buffer));
  const words = new Uint16Array(copy.buffer);
  return type === 'F16' ? Float32Array.from(words, halfValue) : fromUpperHalves(words);
}

const halves = Float32Array.from({ length: 65536 }, (_, bits) => fromHalf(bits));

/** The number of 16 bits of IEEE 754 binary16: 1 bit sign, 5 exponent, 10 fraction. */
export function halfValue(bits: number): number {
  return halves[bits];
}

function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction ? NaN : sign * Infinity;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** bfloat16 is the upper half of a float32. */
function fromUpperHalves(words: Uint16Array): Float32Array<ArrayBuffer> {
  return new Float32Array(Uint32Array.from(words, (bits) => bits << 16).buffer);
}
