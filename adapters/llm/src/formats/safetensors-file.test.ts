import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { succeedsOrComplains, throwsPlainly } from '../testing/complaints.js';
import { type RawTensor, withHeader, writeSafetensors } from '../testing/safetensors-writer.js';
import { TemporaryFolder } from '../testing/temporary-folder.js';
import { openSafetensors, openSafetensorsFolder } from './safetensors-file.js';

const tensor = (type: string, values: ArrayBufferView, ...shape: number[]): RawTensor => ({
  shape,
  type,
  bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
});

const tensors = {
  f16: tensor('F16', Uint16Array.of(0x3c00, 0x0001, 0xfc00), 3), // odd count first: what follows is not aligned
  f32: tensor('F32', Float32Array.of(1.5, -2, 0.1, 4), 2, 2),
  bf16: tensor('BF16', Uint16Array.of(0x3f80, 0xc000), 2, 1),
  i32: tensor('I32', Int32Array.of(-1, 70_000), 2),
  i64: tensor('I64', BigInt64Array.of(-5n, 2n ** 40n), 2),
  empty: tensor('F32', new Float32Array(0), 0, 4),
};

describe('openSafetensors', () => {
  const folder = new TemporaryFolder();
  after(() => folder.remove());
  const open = (bytes: Uint8Array): ReturnType<typeof openSafetensors> =>
    openSafetensors(folder.write('case.safetensors', bytes));

  it('reads F32, F16, BF16, I32 and I64', () => {
    const read = open(writeSafetensors(tensors));
    const values = Object.fromEntries([...read].map(([name, one]) => [name, [...one.read()]]));
    assert.deepEqual(values, {
      f16: [1, 2 ** -24, -Infinity],
      f32: [1.5, -2, Math.fround(0.1), 4],
      bf16: [1, -2],
      i32: [-1, 70_000],
      i64: [-5, 2 ** 40],
      empty: [],
    });
    const { shape, type, byteLength } = read.get('bf16') ?? {};
    assert.deepEqual([shape, type, byteLength], [[2, 1], 'BF16', 4]);
  });

  it('complains of what is cut short, at every byte', () => {
    const { i64, ...others } = tensors;
    const whole = writeSafetensors({ ...others, i64 });
    for (let length = 0; length < whole.length; length++) {
      throwsPlainly(() => open(whole.subarray(0, length)), /too short|cut short/);
    }
  });

  it('complains of a header that is none', () => {
    const complaints: [string, RegExp][] = [
      ['{"w":', /its header is not JSON/],
      ['{"w":null}', /does not describe tensor "w"/],
      ['{"w":{"dtype":"F32","shape":[1]}}', /does not describe tensor "w"/],
      ['{"w":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}', /does not describe tensor "w"/],
      ['{"w":{"dtype":"F32","shape":[0.5,2],"data_offsets":[0,4]}}', /does not describe tensor "w"/],
      ['{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}', /"w" has a wrong size/],
      [
        '{"w":{"dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4]}}',
        /type F8_E4M3; F32, F16, BF16, I32, I64 are read/,
      ],
      ['{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}', /"w" is not whole/],
    ];
    for (const [header, pattern] of complaints) {
      throwsPlainly(() => open(withHeader(header, new Uint8Array(4))), pattern);
    }
    const large = withHeader('{}');
    large.writeBigUInt64LE(2n ** 63n, 0);
    throwsPlainly(() => open(large), /its header says/);
  });

  it('never fails but by a complaint: random bytes, damaged bytes, any length', () => {
    const whole = writeSafetensors(tensors);
    const change = fc.tuple(
      fc.nat(whole.length - 1),
      fc.oneof(fc.constantFrom(...Buffer.from('0-.,:[]{}"n')), fc.nat(255)),
    );
    const damaged = fc.array(change, { minLength: 1, maxLength: 4 }).map((changes) => {
      const bytes = Buffer.from(whole);
      for (const [at, value] of changes) bytes[at] = value;
      return bytes;
    });
    const json = fc.json().map((text) => withHeader(text, new Uint8Array(8)));
    const seen = { good: 0, bad: 0 };
    fc.assert(
      fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 60 }), json), (bytes) => {
        const isGood = succeedsOrComplains(() => {
          for (const one of open(bytes).values()) one.read();
        });
        seen[isGood ? 'good' : 'bad']++;
      }),
      { numRuns: 400, seed: 1 },
    );
    assert.ok(seen.good > 5 && seen.bad > 20, JSON.stringify(seen));
  });
});

describe('openSafetensorsFolder', () => {
  const folder = new TemporaryFolder();
  after(() => folder.remove());
  const { f16, f32, ...others } = tensors;

  /** A folder with these files. */
  const make = (name: string, files: Readonly<Record<string, string | Uint8Array>>): string => {
    mkdirSync(folder.at(name));
    for (const [file, content] of Object.entries(files)) writeFileSync(folder.at(name, file), content);
    return folder.at(name);
  };
  const index = (map: object): string => JSON.stringify({ metadata: {}, weight_map: map });
  const [a, b] = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'];
  const indexName = 'model.safetensors.index.json';

  it('puts shards together', () => {
    const map = { f16: a, f32: a, bf16: b, i32: b, i64: b, empty: b };
    const shards = { [a]: writeSafetensors({ f16, f32 }), [b]: writeSafetensors(others) };
    const path = make('shards', { [indexName]: index(map), ...shards });
    const read = openSafetensorsFolder(path);
    assert.deepEqual(
      read.files.map((file) => file.slice(path.length + 1)),
      [a, b],
    );
    assert.deepEqual([...read.tensors.keys()], Object.keys(tensors));
    assert.deepEqual([...(read.tensors.get('i64')?.read() ?? [])], [-5, 2 ** 40]);
  });

  it('complains of a shard that is missing, outside the folder, or lacks a tensor', () => {
    const shard = { [a]: writeSafetensors({ f16 }) };
    const missing = make('missing', { ...shard, [indexName]: index({ f16: a, f32: b }) });
    throwsPlainly(() => openSafetensorsFolder(missing), /missing lacks the shard model-00002-of-00002/);
    folder.write('outside.safetensors', writeSafetensors({ f32 }));
    const outside = make('outside', { ...shard, [indexName]: index({ f32: '../outside.safetensors' }) });
    throwsPlainly(
      () => openSafetensorsFolder(outside),
      /lacks the shard \.\.\/outside\.safetensors that its index names/,
    );
    const poor = make('poor', { ...shard, [indexName]: index({ f16: a, f32: a }) });
    throwsPlainly(
      () => openSafetensorsFolder(poor),
      /the shard model-00001-of-00002\.safetensors lacks the tensor "f32"/,
    );
  });

  it('complains of a broken index and of a folder without weights', () => {
    throwsPlainly(
      () => openSafetensorsFolder(make('none', {})),
      /no model\.safetensors and no model\.safetensors\.index/,
    );
    for (const [i, text] of ['{', 'null', '[]', '{"weight_map":3}', '{"weight_map":{"w":3}}'].entries()) {
      const path = make(`index${i}`, { [indexName]: text });
      throwsPlainly(
        () => openSafetensorsFolder(path),
        /index\.json (is not valid JSON|lacks the "weight_map")/,
      );
    }
  });
});
