import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { CocoError } from '../errors.js';
import type { NamedArray } from '../specification/ranker.js';
import { decodeSafetensors, encodeSafetensors } from './safetensors.js';

const sample = (): Map<string, NamedArray> =>
  new Map<string, NamedArray>([
    ['weights', { shape: [2, 3], values: Float32Array.of(1.5, -0, 1e-38, NaN, Infinity, 3) }],
    ['größe/ids', { shape: [2], values: Int32Array.of(-1, 2 ** 31 - 1) }],
    ['empty', { shape: [0, 4], values: new Float32Array(0) }],
    ['scalar', { shape: [], values: Float32Array.of(7) }],
  ]);

const message =
  (pattern: RegExp) =>
  (error: unknown): boolean =>
    error instanceof CocoError && pattern.test(error.message);

/** A file with a header of one's own. */
function withHeader(header: string, dataLength = 0): Uint8Array {
  const json = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + json.length + dataLength);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}

describe('safetensors', () => {
  it('give back names, shapes, bits and metadata', () => {
    const { tensors, metadata } = decodeSafetensors(encodeSafetensors(sample(), { note: 'ü' }));
    assert.deepEqual(tensors, sample());
    assert.ok(Object.is(tensors.get('weights')?.values[1], -0));
    assert.deepEqual(metadata, { note: 'ü' });
  });

  it('follow the format: length, JSON padded to 8 bytes, data in the order of the header', () => {
    const bytes = encodeSafetensors(new Map([['a', { shape: [1], values: Float32Array.of(2) }]]));
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    assert.equal(length % 8, 0);
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))) as Record<
      string,
      unknown
    >;
    assert.deepEqual(header.a, { dtype: 'F32', shape: [1], data_offsets: [0, 4] });
    assert.equal(new DataView(bytes.buffer).getFloat32(8 + length, true), 2);
  });

  it('read from the middle of a larger buffer, and write from one', () => {
    const values = new Float32Array([9, 1, 2, 9]).subarray(1, 3);
    const bytes = encodeSafetensors(new Map([['a', { shape: [2], values }]]));
    const larger = new Uint8Array(bytes.length + 13);
    larger.set(bytes, 13);
    const { tensors } = decodeSafetensors(larger.subarray(13));
    assert.deepEqual([...(tensors.get('a')?.values ?? [])], [1, 2]);
  });

  it('read from a buffer whose slices are views, as those of Node are', () => {
    class Buffer extends Uint8Array<ArrayBuffer> {
      override slice(start?: number, end?: number): this {
        return this.subarray(start, end) as this;
      }
    }
    const { tensors } = decodeSafetensors(Buffer.from(encodeSafetensors(sample())));
    assert.deepEqual(tensors, sample());
  });

  it('say so wherever the file is cut', () => {
    const bytes = encodeSafetensors(sample(), { note: 'x' });
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), (length) => {
        assert.throws(
          () => decodeSafetensors(bytes.subarray(0, length)),
          message(/cut short|shorter than a safetensors header/),
        );
      }),
    );
  });

  it('refuse content that is not what the header says', () => {
    assert.throws(() => decodeSafetensors(withHeader('{"a":')), message(/not JSON/));
    const entry = (text: string): Uint8Array => withHeader(`{"a":${text}}`, 8);
    const int8 = entry('{"dtype":"I8","shape":[8],"data_offsets":[0,8]}');
    assert.throws(
      () => decodeSafetensors(int8),
      message(/"a" has the type I8; F16, BF16, F32, F64, I32 are/),
    );
    const tooLarge = entry('{"dtype":"F32","shape":[3],"data_offsets":[0,8]}');
    assert.throws(() => decodeSafetensors(tooLarge), message(/"a" is cut short/));
  });

  it('say so whatever JSON the header is', () => {
    const named = fc.jsonValue().map((value) => ({ a: value }));
    const entries = fc.record({
      dtype: fc.constantFrom('F32', 'constructor', 3, null),
      shape: fc.constantFrom([2], [-2], [1.5, 4], 'x', null),
      data_offsets: fc.constantFrom([0, 8], [8, 0], [0], [-8, 0], null),
    });
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), named, fc.record({ a: entries })), (header) => {
        try {
          decodeSafetensors(withHeader(JSON.stringify(header), 8));
        } catch (error) {
          assert.ok(error instanceof CocoError, String(error));
        }
      }),
    );
  });
});
