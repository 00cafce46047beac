import assert from 'node:assert/strict';
import { Random } from '@coco-rec/core';
import { floatsOf } from '@coco-rec/core';
import { dequantise, quantisations } from './dequantise.js';
import { bf16At, f16At, reference } from '../testing/dequantise-reference.js';

/** Random blocks; the float16 fields get random finite halves, so that comparisons by value mean something. */
function randomBlocks(type: string, count: number, random: Random): Uint8Array {
  const { bytes: width } = quantisations[type];
  const bytes = Uint8Array.from({ length: width * count }, () => random.integer(256));
  for (let block = 0; block < count; block++) {
    for (const at of reference[type].halves) {
      const high = block * width + at + 1;
      if ((bytes[high] & 0x7c) === 0x7c) bytes[high] &= 0x83 | 0x38; // no infinity, no NaN
    }
  }
  return bytes;
}

describe('dequantise', () => {
  for (const type of Object.keys(quantisations)) {
    it(`${type}: random blocks as the layout says, value by value`, () => {
      const { block, bytes: width } = quantisations[type];
      assert.equal(block, reference[type].block);
      assert.equal(width, reference[type].bytes);
      const count = block === 1 ? 500 : 40;
      const bytes = randomBlocks(type, count, new Random(7).derive(type));
      const values = dequantise(bytes, type, count * block);
      for (let i = 0; i < count * block; i++) {
        const start = Math.floor(i / block) * width;
        const expected = reference[type].value(bytes.subarray(start, start + width), i % block);
        assert.ok(
          Object.is(values[i], Math.fround(expected)),
          `value ${i}: ${values[i]}, expected ${expected}`,
        );
      }
    });
  }

  it('covers the eleven types of the formats that are read', () => {
    const all = 'F32 F16 BF16 Q8_0 Q4_0 Q4_1 Q5_0 Q5_1 Q4_K Q5_K Q6_K';
    assert.deepEqual(Object.keys(quantisations).sort(), all.split(' ').sort());
  });

  it('gives back what was quantised: Q8_0 to half a step', () => {
    const values = knownValues(64);
    const bytes = new Uint8Array(2 * 34);
    for (let block = 0; block < 2; block++) {
      bytes.set([0x00, 0x20], block * 34); // float16 2^-7
      for (let i = 0; i < 32; i++) bytes[block * 34 + 2 + i] = Math.round(values[block * 32 + i] * 128) & 255;
    }
    dequantise(bytes, 'Q8_0', 64).forEach((value, i) => assert.ok(Math.abs(value - values[i]) <= 2 ** -8));
  });

  it('gives back what was quantised: Q4_0 to half a step, and -8 … 7 steps exactly', () => {
    const values = knownValues(32).map((value) => Math.min(value, 7 / 8));
    const packed = (list: readonly number[]): Uint8Array => {
      const quants = list.map((value) => Math.round(value * 8) + 8);
      return Uint8Array.from([
        0x00,
        0x30,
        ...quants.slice(0, 16).map((low, i) => low | (quants[i + 16] << 4)),
      ]); // 2^-3
    };
    dequantise(packed(values), 'Q4_0', 32).forEach((value, i) =>
      assert.ok(Math.abs(value - values[i]) <= 1 / 16),
    );
    const steps = Array.from({ length: 32 }, (_, i) => ((i % 16) - 8) / 8);
    assert.deepEqual([...dequantise(packed(steps), 'Q4_0', 32)], steps);
  });
});

/** Numbers in [-1, 1 - 2^-6]. */
function knownValues(count: number): number[] {
  return Array.from({ length: count }, (_, i) => Math.max(-1, Math.min(1 - 2 ** -6, Math.sin(i * i + 1))));
}

describe('float16 and bfloat16', () => {
  const float16 = (words: Uint16Array): Float32Array => floatsOf(new Uint8Array(words.buffer), 'F16');
  const bfloat16 = (words: Uint16Array): Float32Array => floatsOf(new Uint8Array(words.buffer), 'BF16');

  it('reads the special values', () => {
    const bits = [0x0000, 0x8000, 0x0001, 0x83ff, 0x0400, 0x3c00, 0xc000, 0x7bff, 0x7c00, 0xfc00, 0x7e00];
    const subnormal = 2 ** -24;
    const expected = [0, -0, subnormal, -1023 * subnormal, 2 ** -14, 1, -2, 65504, Infinity, -Infinity, NaN];
    assert.deepEqual([...float16(Uint16Array.from(bits))], expected);
    const upper = [0x0000, 0x8000, 0x3f80, 0xc049, 0x7f80, 0xff80, 0x7fc0, 0x0001];
    assert.deepEqual(
      [...bfloat16(Uint16Array.from(upper))],
      [0, -0, 1, -3.140625, Infinity, -Infinity, NaN, 2 ** -133],
    );
  });

  it('reads every bit pattern as the definition says', () => {
    const all = Uint16Array.from({ length: 65536 }, (_, bits) => bits);
    const [halves, brains] = [float16(all), bfloat16(all)];
    for (let bits = 0; bits < 65536; bits++) {
      const pair = Uint8Array.of(bits & 255, bits >> 8);
      assert.ok(Object.is(halves[bits], f16At(pair, 0)), `float16 ${bits}`);
      assert.ok(Object.is(brains[bits], bf16At(pair, 0)), `bfloat16 ${bits}`);
    }
  });
});
