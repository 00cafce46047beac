/**
 * The block layouts of GGML's types once more, one value at a time, as their C structs describe them: slow and plain, to
 * compare the reader with.
 */

export interface ReferenceType {
  /** Values in a block. */
  readonly block: number;
  /** Bytes of a block. */
  readonly bytes: number;
  /** Where the float16 fields of a block stand. */
  readonly halves: readonly number[];
  /** Value number i of a block. */
  value(block: Uint8Array, i: number): number;
}

/** Sign, 5 bits of exponent, 10 bits of fraction. */
export function f16At(bytes: Uint8Array, at: number): number {
  const bits = (bytes[at + 1] * 256 + bytes[at]).toString(2).padStart(16, '0');
  const sign = bits[0] === '1' ? -1 : 1;
  const exponent = parseInt(bits.slice(1, 6), 2);
  const fraction = parseInt(bits.slice(6), 2);
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0
    ? sign * (fraction / 1024) * 2 ** -14
    : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The upper 16 bits of a float32: 8 bits of exponent, 7 bits of fraction. */
export function bf16At(bytes: Uint8Array, at: number): number {
  const bits = (bytes[at + 1] * 256 + bytes[at]).toString(2).padStart(16, '0');
  const sign = bits[0] === '1' ? -1 : 1;
  const exponent = parseInt(bits.slice(1, 9), 2);
  const fraction = parseInt(bits.slice(9), 2);
  if (exponent === 255) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0
    ? sign * (fraction / 128) * 2 ** -126
    : sign * (1 + fraction / 128) * 2 ** (exponent - 127);
}

const signed = (byte: number): number => (byte > 127 ? byte - 256 : byte);

const bitOf = (bytes: Uint8Array, start: number, bit: number): number =>
  (bytes[start + (bit >> 3)] >> (bit & 7)) & 1;

/** Byte i % 16 holds value i in its low half, value i + 16 in its high half. */
const nibbleOf32 = (bytes: Uint8Array, start: number, i: number): number =>
  i < 16 ? bytes[start + i] % 16 : Math.floor(bytes[start + i - 16] / 16);

/** Q4_K and Q5_K: 64 values share 32 bytes, the first 32 in the low halves. */
function nibbleOf256(bytes: Uint8Array, start: number, i: number): number {
  const byte = bytes[start + Math.floor(i / 64) * 32 + (i % 32)];
  return i % 64 < 32 ? byte % 16 : Math.floor(byte / 16);
}

/**
 * The 12 bytes of scales: bytes 0-3 hold scales 0-3 (6 bits) and the upper 2 bits of scales 4-7, bytes 4-7 the same of
 * the minima, bytes 8-11 the lower 4 bits of scales 4-7 and, above them, of minima 4-7.
 */
function packedScales(bytes: Uint8Array, start: number): { scales: number[]; minima: number[] } {
  const low = [0, 1, 2, 3].map((j) => bytes[start + j]);
  const middle = [0, 1, 2, 3].map((j) => bytes[start + 4 + j]);
  const last = [0, 1, 2, 3].map((j) => bytes[start + 8 + j]);
  const upper = (list: readonly number[], j: number): number => Math.floor(list[j] / 64) * 16;
  return {
    scales: [...low.map((byte) => byte % 64), ...last.map((byte, j) => (byte % 16) + upper(low, j))],
    minima: [
      ...middle.map((byte) => byte % 64),
      ...last.map((byte, j) => Math.floor(byte / 16) + upper(middle, j)),
    ],
  };
}

function subBlockValue(bytes: Uint8Array, i: number, quant: number): number {
  const { scales, minima } = packedScales(bytes, 4);
  const j = Math.floor(i / 32);
  return f16At(bytes, 0) * scales[j] * quant - f16At(bytes, 2) * minima[j];
}

/** ql[128], qh[64], scales[16] signed, d. Each 128 values take 64 bytes of ql and 32 of qh. */
function value6K(bytes: Uint8Array, i: number): number {
  const [side, within] = [Math.floor(i / 128), i % 128];
  const [quarter, l] = [Math.floor(within / 32), within % 32];
  const ql = bytes[side * 64 + [0, 32, 0, 32][quarter] + l];
  const low = quarter < 2 ? ql % 16 : Math.floor(ql / 16);
  const qh = Math.floor(bytes[128 + side * 32 + l] / 4 ** quarter) % 4;
  const scale = signed(bytes[192 + side * 8 + 2 * quarter + Math.floor(l / 16)]);
  return f16At(bytes, 208) * scale * (low + 16 * qh - 32);
}

export const reference: Readonly<Record<string, ReferenceType>> = {
  F32: { block: 1, bytes: 4, halves: [], value: (b) => Buffer.from(b).readFloatLE(0) },
  F16: { block: 1, bytes: 2, halves: [0], value: (b) => f16At(b, 0) },
  BF16: { block: 1, bytes: 2, halves: [], value: (b) => bf16At(b, 0) },
  Q8_0: { block: 32, bytes: 34, halves: [0], value: (b, i) => f16At(b, 0) * signed(b[2 + i]) },
  Q4_0: { block: 32, bytes: 18, halves: [0], value: (b, i) => f16At(b, 0) * (nibbleOf32(b, 2, i) - 8) },
  Q4_1: {
    block: 32,
    bytes: 20,
    halves: [0, 2],
    value: (b, i) => f16At(b, 0) * nibbleOf32(b, 4, i) + f16At(b, 2),
  },
  Q5_0: {
    block: 32,
    bytes: 22,
    halves: [0],
    value: (b, i) => f16At(b, 0) * (nibbleOf32(b, 6, i) + 16 * bitOf(b, 2, i) - 16),
  },
  Q5_1: {
    block: 32,
    bytes: 24,
    halves: [0, 2],
    value: (b, i) => f16At(b, 0) * (nibbleOf32(b, 8, i) + 16 * bitOf(b, 4, i)) + f16At(b, 2),
  },
  Q4_K: {
    block: 256,
    bytes: 144,
    halves: [0, 2],
    value: (b, i) => subBlockValue(b, i, nibbleOf256(b, 16, i)),
  },
  Q5_K: {
    block: 256,
    bytes: 176,
    halves: [0, 2],
    // qh[32]: bit j of byte l is the fifth bit of value 32 j + l
    value: (b, i) =>
      subBlockValue(b, i, nibbleOf256(b, 48, i) + 16 * ((b[16 + (i % 32)] >> Math.floor(i / 32)) & 1)),
  },
  Q6_K: { block: 256, bytes: 210, halves: [208], value: value6K },
};
