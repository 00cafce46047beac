import assert from 'node:assert/strict';
import fc from 'fast-check';
import { succeedsOrComplains, throwsPlainly } from '../testing/complaints.js';
import { type GgufContent, floatBytes, writeGguf } from '../testing/gguf-writer.js';
import { TemporaryFolder } from '../testing/temporary-folder.js';
import { openGguf } from './gguf.js';

const halves = new Uint8Array(Uint16Array.of(0x3c00, 0xc000, 0x3800, 0x7bff).buffer);

const content: GgufContent = {
  metadata: {
    'general.architecture': [8, 'llama'],
    'a.u8': [0, 200],
    'a.i8': [1, -7],
    'a.u16': [2, 65000],
    'a.i16': [3, -300],
    'a.u32': [4, 4_000_000_000],
    'a.i32': [5, -5],
    'a.f32': [6, 0.5],
    'a.bool': [7, true],
    'a.text': [8, 'Größe 枕'],
    'a.list': [9, [8, ['x', '', 'yz']]],
    'a.u64': [10, 12],
    'a.i64': [11, -12],
    'a.f64': [12, Math.PI],
  },
  tensors: [
    { name: 'first', shape: [2, 3], type: 0, bytes: floatBytes([1, 2, 3, 4, 5, 6]) },
    { name: 'second', shape: [4], type: 1, bytes: halves },
    {
      name: 'third',
      shape: [1, 32],
      type: 8,
      bytes: Uint8Array.from([0, 0x3c, ...Array.from({ length: 32 }, (_, i) => i)]),
    },
  ],
};

describe('openGguf', () => {
  const folder = new TemporaryFolder();
  after(() => folder.remove());
  const open = (bytes: Uint8Array): ReturnType<typeof openGguf> => openGguf(folder.write('case.gguf', bytes));

  for (const version of [2, 3]) {
    it(`reads metadata of every type and tensors (version ${version})`, () => {
      const { metadata, tensors } = open(writeGguf({ ...content, version }));
      const list = ['x', '', 'yz'];
      const values = [
        'llama',
        200,
        -7,
        65000,
        -300,
        4e9,
        -5,
        0.5,
        true,
        'Größe 枕',
        list,
        12n,
        -12n,
        Math.PI,
      ];
      assert.deepEqual([...metadata.values()], values);
      assert.deepEqual([...metadata.keys()], Object.keys(content.metadata ?? {}));
      assert.deepEqual([...tensors.keys()], ['first', 'second', 'third']);
      const [first, second, third] = tensors.values();
      assert.deepEqual([first.shape, first.type, first.byteLength], [[2, 3], 'F32', 24]);
      assert.deepEqual([...first.read()], [1, 2, 3, 4, 5, 6]);
      assert.deepEqual([...second.read()], [1, -2, 0.5, 65504]);
      assert.deepEqual([third.type, third.byteLength], ['Q8_0', 34]);
      assert.deepEqual(
        [...third.read()],
        Array.from({ length: 32 }, (_, i) => i),
      );
    });
  }

  it('reads another alignment, and a header longer than one reading step', () => {
    const words = Array.from({ length: 100_000 }, (_, i) => `word number ${i}`);
    const metadata = { 'general.alignment': [4, 8], words: [9, [8, words]] } as const;
    const { metadata: read, tensors } = open(writeGguf({ ...content, metadata, alignment: 8 }));
    assert.deepEqual(read.get('words'), words);
    assert.deepEqual([...(tensors.get('second')?.read() ?? [])], [1, -2, 0.5, 65504]);
  });

  describe('complains of', () => {
    it('what is no GGUF, and other versions', () => {
      throwsPlainly(() => open(Buffer.alloc(0)), /case\.gguf is not a GGUF file/);
      throwsPlainly(
        () => open(Buffer.from('a text that is long enough to hold a header')),
        /is not a GGUF file/,
      );
      throwsPlainly(() => open(writeGguf({ ...content, version: 1 })), /GGUF version 1; 2 and 3 are read/);
      throwsPlainly(() => open(writeGguf({ ...content, version: 4 })), /GGUF version 4; 2 and 3 are read/);
    });

    it('a file cut in its header, at every byte', () => {
      const whole = writeGguf(content);
      const headerEnd = writeGguf(content).indexOf('third') + 5 + 4 + 16 + 4 + 8;
      for (let length = 24; length < headerEnd; length++) {
        throwsPlainly(
          () => open(whole.subarray(0, length)),
          /cut short or damaged|a list in its header is too long/,
        );
      }
    });

    it('a file cut in its tensors: the others can still be read', () => {
      const bytes = writeGguf(content);
      const { tensors } = open(bytes.subarray(0, bytes.length - 64));
      assert.equal(tensors.get('second')?.read().length, 4);
      throwsPlainly(() => tensors.get('third')?.read(), /cut short: tensor "third" is not whole/);
    });

    it('a quantisation that is not read, by its name or number', () => {
      const withType = (type: number): ReturnType<typeof open> =>
        open(writeGguf({ tensors: [{ name: 'w', shape: [256], type, bytes: new Uint8Array(512) }] }));
      const known = /F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q4_K, Q5_K, Q6_K are read/;
      throwsPlainly(() => withType(19).tensors.get('w')?.read(), /tensor "w" is quantised as IQ1_S/);
      throwsPlainly(() => withType(10).tensors.get('w')?.read(), known);
      throwsPlainly(() => withType(99).tensors.get('w')?.read(), /quantised as type 99/);
    });

    it('counts and types that make no sense', () => {
      const withCount = (at: number, value: bigint): Buffer => {
        const bytes = writeGguf(content);
        bytes.writeBigUInt64LE(value, at);
        return bytes;
      };
      throwsPlainly(() => open(withCount(8, 2n ** 60n)), /damaged: its header makes no sense/);
      throwsPlainly(() => open(withCount(16, 2n ** 63n)), /damaged: its header makes no sense/);
      throwsPlainly(() => open(withCount(24, 2n ** 62n)), /cut short or damaged/);
      const nested = { x: [9, [9, [[8, ['y']]]]] } as const;
      throwsPlainly(() => open(writeGguf({ metadata: nested })), /list of lists/);
      throwsPlainly(
        () => open(writeGguf({ metadata: { x: [9, [77, []]], 'general.alignment': [4, 0] } })),
        /alignment/,
      );
      const odd = { name: 'w', shape: [33], type: 8, bytes: new Uint8Array(68) };
      throwsPlainly(
        () =>
          open(writeGguf({ tensors: [odd] }))
            .tensors.get('w')
            ?.read(),
        /"w" has a wrong size/,
      );
      const deep = { name: 'w', shape: Array<number>(9).fill(1), type: 0, bytes: new Uint8Array(4) };
      throwsPlainly(() => open(writeGguf({ tensors: [deep] })), /"w" has 9 dimensions/);
    });

    it('unknown value types', () => {
      const bytes = writeGguf({ metadata: { key: [4, 1] } });
      bytes.writeUInt32LE(13, bytes.indexOf('key') + 3);
      throwsPlainly(() => open(bytes), /unknown type 13/);
    });
  });

  it('never fails but by a complaint: random bytes, damaged bytes, any length', () => {
    const whole = writeGguf(content);
    const change = fc.tuple(
      fc.nat(whole.length - 1),
      fc.oneof(fc.constantFrom(0, 1, 9, 127, 255), fc.nat(255)),
    );
    const damaged = fc
      .tuple(fc.array(change, { minLength: 1, maxLength: 6 }), fc.nat(whole.length))
      .map(([changes, cut]) => {
        const bytes = Buffer.from(whole);
        for (const [at, value] of changes) bytes[at] = value;
        return cut % 3 === 0 ? bytes.subarray(0, cut) : bytes;
      });
    const random = fc
      .uint8Array({ maxLength: 200 })
      .map((bytes) => Buffer.concat([whole.subarray(0, 8), bytes]));
    const seen = { good: 0, bad: 0 };
    fc.assert(
      fc.property(fc.oneof(damaged, random), (bytes) => {
        const isGood = succeedsOrComplains(() => {
          for (const tensor of open(bytes).tensors.values()) tensor.read();
        });
        seen[isGood ? 'good' : 'bad']++;
      }),
      { numRuns: 400, seed: 1 },
    );
    assert.ok(seen.good > 5 && seen.bad > 20, JSON.stringify(seen));
  });
});
