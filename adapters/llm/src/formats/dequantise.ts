/**
 * Dequantisation of GGUF tensors to float32. Block layouts as in the GGML format's description (ggml-quants):
 * a block holds scales in float16 and packed integers; K-quants have super-blocks of 256 with packed sub-scales.
 */

import { halfValue } from '@coco-rec/core';

/** One type: values in a block, bytes of a block, and how a block is unpacked into `out` at `at`. */
export interface Quantisation {
  readonly block: number;
  readonly bytes: number;
  unpack(bytes: Uint8Array, from: number, out: Float32Array, at: number): void;
}

const half = (bytes: Uint8Array, at: number): number => halfValue(bytes[at] | (bytes[at + 1] << 8));

/** 32 values of 4 bits, low halves first; the fifth bit of value i is bit i of the word at `high`. */
function unpack32(
  bytes: Uint8Array,
  place: { quants: number; high?: number },
  out: Float32Array,
  at: number,
  value: (quant: number) => number,
): void {
  const { quants, high } = place;
  const word =
    high === undefined
      ? 0
      : bytes[high] | (bytes[high + 1] << 8) | (bytes[high + 2] << 16) | (bytes[high + 3] << 24);
  for (let i = 0; i < 16; i++) {
    const packed = bytes[quants + i];
    out[at + i] = value((packed & 15) | (((word >>> i) & 1) << 4));
    out[at + i + 16] = value((packed >> 4) | (((word >>> (i + 16)) & 1) << 4));
  }
}

/** 6-bit scale and minimum number j of the 12 bytes at `at` (Q4_K, Q5_K). */
function scaleAndMin(bytes: Uint8Array, at: number, j: number): [number, number] {
  if (j < 4) return [bytes[at + j] & 63, bytes[at + j + 4] & 63];
  const scale = (bytes[at + j + 4] & 15) | ((bytes[at + j - 4] >> 6) << 4);
  const minimum = (bytes[at + j + 4] >> 4) | ((bytes[at + j] >> 6) << 4);
  return [scale, minimum];
}

/** Q4_K and Q5_K: 8 sub-blocks of 32, d · scale · q − dmin · min; Q5_K has the fifth bits at `from + 16`. */
function unpackK(bytes: Uint8Array, from: number, out: Float32Array, at: number, hasHigh: boolean): void {
  const d = half(bytes, from);
  const dMin = half(bytes, from + 2);
  const quants = from + (hasHigh ? 48 : 16);
  for (let j = 0; j < 8; j++) {
    const [scale, minimum] = scaleAndMin(bytes, from + 4, j);
    for (let i = 0; i < 32; i++) {
      const packed = bytes[quants + (j >> 1) * 32 + i];
      const low = j % 2 === 0 ? packed & 15 : packed >> 4;
      const high = hasHigh ? ((bytes[from + 16 + i] >> j) & 1) << 4 : 0;
      out[at + j * 32 + i] = d * scale * (low | high) - dMin * minimum;
    }
  }
}

/** Q6_K: 16 sub-blocks of 16; 4 low bits at 0, 2 high bits at 128, signed scales at 192, d at 208. */
function unpack6K(bytes: Uint8Array, from: number, out: Float32Array, at: number): void {
  const d = half(bytes, from + 208);
  for (let side = 0; side < 2; side++) {
    for (let i = 0; i < 128; i++) {
      const quarter = i >> 5;
      const place = i & 31;
      const packed = bytes[from + side * 64 + (quarter & 1) * 32 + place];
      const low = quarter < 2 ? packed & 15 : packed >> 4;
      const high = (bytes[from + 128 + side * 32 + place] >> (quarter * 2)) & 3;
      const scale = (bytes[from + 192 + side * 8 + (i >> 4)] << 24) >> 24;
      out[at + side * 128 + i] = d * scale * ((low | (high << 4)) - 32);
    }
  }
}

const float = new DataView(new ArrayBuffer(4));

/** The types that are read, by GGUF's names. */
export const quantisations: Readonly<Record<string, Quantisation>> = {
  F32: {
    block: 1,
    bytes: 4,
    unpack(bytes, from, out, at) {
      for (let i = 0; i < 4; i++) float.setUint8(i, bytes[from + i]);
      out[at] = float.getFloat32(0, true);
    },
  },
  F16: { block: 1, bytes: 2, unpack: (bytes, from, out, at) => void (out[at] = half(bytes, from)) },
  BF16: {
    block: 1,
    bytes: 2,
    unpack(bytes, from, out, at) {
      float.setUint32(0, ((bytes[from + 1] << 8) | bytes[from]) * 65536);
      out[at] = float.getFloat32(0);
    },
  },
  Q8_0: {
    block: 32,
    bytes: 34,
    unpack(bytes, from, out, at) {
      const d = half(bytes, from);
      for (let i = 0; i < 32; i++) out[at + i] = d * ((bytes[from + 2 + i] << 24) >> 24);
    },
  },
  Q4_0: {
    block: 32,
    bytes: 18,
    unpack(bytes, from, out, at) {
      const d = half(bytes, from);
      unpack32(bytes, { quants: from + 2 }, out, at, (quant) => d * (quant - 8));
    },
  },
  Q4_1: {
    block: 32,
    bytes: 20,
    unpack(bytes, from, out, at) {
      const [d, m] = [half(bytes, from), half(bytes, from + 2)];
      unpack32(bytes, { quants: from + 4 }, out, at, (quant) => d * quant + m);
    },
  },
  Q5_0: {
    block: 32,
    bytes: 22,
    unpack(bytes, from, out, at) {
      const d = half(bytes, from);
      unpack32(bytes, { quants: from + 6, high: from + 2 }, out, at, (quant) => d * (quant - 16));
    },
  },
  Q5_1: {
    block: 32,
    bytes: 24,
    unpack(bytes, from, out, at) {
      const [d, m] = [half(bytes, from), half(bytes, from + 2)];
      unpack32(bytes, { quants: from + 8, high: from + 4 }, out, at, (quant) => d * quant + m);
    },
  },
  Q4_K: { block: 256, bytes: 144, unpack: (bytes, from, out, at) => unpackK(bytes, from, out, at, false) },
  Q5_K: { block: 256, bytes: 176, unpack: (bytes, from, out, at) => unpackK(bytes, from, out, at, true) },
  Q6_K: { block: 256, bytes: 210, unpack: unpack6K },
};

/** Unpacks a whole tensor of `count` values. */
export function dequantise(bytes: Uint8Array, type: string, count: number): Float32Array {
  const { block, bytes: width, unpack } = quantisations[type];
  const out = new Float32Array(count);
  for (let at = 0, from = 0; at < count; at += block, from += width) unpack(bytes, from, out, at);
  return out;
}
