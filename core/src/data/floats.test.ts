import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { type FloatType, floatsOf } from './floats.js';

const read = (type: FloatType, array: ArrayBufferView): number[] => [
  ...floatsOf(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), type),
];

describe('numbers of a file', () => {
  it('of 16 bits: IEEE 754 binary16, its smallest, its largest, no number', () => {
    const bits = Uint16Array.of(0, 0x8000, 0x0001, 0x03ff, 0x0400, 0x3555, 0x7bff, 0xfbff, 0x7c00, 0xfc00);
    const smallest = 2 ** -24;
    const expected = [0, -0, smallest, 1023 * smallest, 2 ** -14, 0.333251953125, 65504, -65504]; // prettier-ignore
    assert.deepEqual(read('F16', bits), [...expected, Infinity, -Infinity]);
    assert.deepEqual(read('F16', Uint16Array.of(0x7e00)), [NaN]);
  });

  it('bfloat16: the upper half of a float32', () => {
    assert.deepEqual(read('BF16', Uint16Array.of(0x3f80, 0xc0c0, 0x7f80, 0x8000)), [1, -6, Infinity, -0]);
    fc.assert(
      fc.property(fc.float({ noNaN: true }), (value) => {
        const bits = new Uint32Array(Float32Array.of(value).buffer)[0];
        const cut = new Float32Array(Uint32Array.of(bits & 0xffff0000).buffer)[0];
        assert.deepEqual(read('BF16', Uint16Array.of(bits >>> 16)), [cut]);
      }),
    );
  });

  it('of 32 and 64 bits, rounded to float32, from any place of a buffer', () => {
    const bytes = new Uint8Array(11);
    bytes.set(new Uint8Array(Float64Array.of(0.1).buffer), 3);
    assert.deepEqual([...floatsOf(bytes.subarray(3), 'F64')], [Math.fround(0.1)]);
    assert.deepEqual(read('F32', Float32Array.of(1, 1e-45)), [1, Math.fround(1e-45)]);
  });
});
