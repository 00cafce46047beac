import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { CocoError, encodeSafetensors } from '@coco-rec/core';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { bytesOf, npy, safetensors, zstd } from '../testing/file-bytes.js';
import { readVectors } from './read-vectors.js';

const folder = mkdtempSync(join(tmpdir(), 'coco-vectors-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const matrix = Float32Array.of(1, 2, 3.5, 4, 5, -6);
const idsKey = 'backbone.userIds';
const read = (path: string, ids?: string): ReturnType<typeof readVectors> =>
  readVectors({ path, ids, idsKey });

const says =
  (...words: string[]) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof CocoError, String(error));
    for (const word of words) assert.ok(error.message.includes(word), `"${error.message}" lacks "${word}"`);
    return true;
  };

describe('readVectors', () => {
  const ids = write('ids.csv', 'id,seenUntil\na,1\nb,2\n');
  const expected = {
    ids: ['a', 'b'],
    values: matrix,
    dimension: 3,
    seenUntil: Int32Array.of(1, 2),
  };

  it('reads the same of CSV, gzip, NumPy (both widths), safetensors and Parquet (lists, columns)', async () => {
    const csv = 'id,seenUntil,x,y,z\na,1,1,2,3.5\nb,2,4,5,-6\n';
    const tensors = encodeSafetensors(new Map([['vectors', { shape: [2, 3], values: matrix }]]));
    const names = { name: 'id', data: ['a', 'b'] };
    const seen = { name: 'seenUntil', data: Int32Array.of(1, 2) };
    const lists = [
      [1, 2, 3.5],
      [4, 5, -6],
    ];
    const columns = [0, 1, 2].map((d) => ({ name: `v${d}`, data: lists.map((list) => list[d]) }));
    const files: [string, string?][] = [
      [write('a.csv', csv)],
      [write('a.csv.gz', gzipSync(csv))],
      [write('a.npy', npy('<f4', '2, 3', bytesOf(matrix))), ids],
      [write('b.npy', npy('<f8', '2, 3', bytesOf(Float64Array.from(matrix)))), ids],
      [write('a.safetensors', tensors), ids],
      [
        write(
          'a.parquet',
          new Uint8Array(parquetWriteBuffer({ columnData: [names, seen, { name: 'vector', data: lists }] })),
        ),
      ],
      [write('b.parquet', new Uint8Array(parquetWriteBuffer({ columnData: [names, seen, ...columns] })))],
    ];
    for (const [path, sidecar] of files) {
      const { path: own, ...found } = await read(path, sidecar);
      assert.equal(own, path);
      assert.deepEqual(found, expected, path);
    }
  });

  it('reads NumPy in Fortran order, as np.save writes the columns of a pandas table', async () => {
    const byColumns = Float64Array.of(1, 4, 2, 5, 3.5, -6);
    const { values } = await read(write('f.npy', npy('<f8', '2, 3', bytesOf(byColumns), 'True')), ids);
    assert.deepEqual(values, matrix);
  });

  it('reads halves and doubles: float16 of both formats, bfloat16, float64', async () => {
    const half = Uint16Array.of(0x3c00, 0x4000, 0x4200, 0x4300, 0x4400, 0xc600); // 1, 2, 3, 3.5, 4, -6
    const halves = Float32Array.of(1, 2, 3, 3.5, 4, -6);
    const brain = Uint16Array.from(new Uint32Array(halves.buffer), (bits) => bits >> 16);
    const files: [string, Uint8Array][] = [
      ['half.npy', npy('<f2', '2, 3', bytesOf(half))],
      ['half.safetensors', safetensors('F16', bytesOf(half))],
      ['brain.safetensors', safetensors('BF16', bytesOf(brain))],
      ['double.safetensors', safetensors('F64', bytesOf(Float64Array.from(halves)))],
    ];
    for (const [name, content] of files)
      assert.deepEqual((await read(write(name, content), ids)).values, halves, name);
  });

  it('names the type that a safetensors file should have', async () => {
    for (const [type, width] of [
      ['I64', 8],
      ['F8_E4M3', 1],
      ['I32', 4],
    ] as const) {
      await assert.rejects(
        read(write(`${type}.safetensors`, safetensors(type, Buffer.alloc(6 * width))), ids),
        says(`${type}.safetensors holds numbers of the type ${type}`, "array.astype('float32')"),
      );
    }
  });

  it('reads Parquet ids of a fixed length; bytes that are no text are named', async () => {
    const table = (id: Uint8Array): Uint8Array =>
      new Uint8Array(
        parquetWriteBuffer({
          columnData: [
            { name: 'id', data: [id] },
            { name: 'x', data: [1.5] },
          ],
          schema: [
            { name: 'root', num_children: 2 },
            { name: 'id', type: 'FIXED_LEN_BYTE_ARRAY', type_length: 4, repetition_type: 'REQUIRED' },
            { name: 'x', type: 'DOUBLE', repetition_type: 'REQUIRED' },
          ],
        }),
      );
    const { ids: own } = await read(write('fixed.parquet', table(Uint8Array.from(Buffer.from('é1\0')))));
    assert.deepEqual(own, ['é1']);
    await assert.rejects(
      read(write('bytes.parquet', table(Uint8Array.of(0xff, 0xfe, 1, 2)))),
      says('bytes.parquet, row 1', '4 bytes that are no text'),
    );
  });

  it('says that a vector is missing, and that an id is of another type', async () => {
    const parquet = (ids: unknown[], vectors: unknown[]): Uint8Array =>
      new Uint8Array(
        parquetWriteBuffer({
          columnData: [
            { name: 'id', data: ids },
            { name: 'vector', data: vectors },
          ],
        }),
      );
    for (const [n, vectors] of [
      [1, [null, [1, 2]]],
      [2, [[1, 2], null]],
    ] as const) {
      await assert.rejects(
        read(write(`null${n}.parquet`, parquet(['a', 'b'], [...vectors]))),
        says(`null${n}.parquet, row ${n}: the vector is missing`),
      );
    }
    await assert.rejects(
      read(write('flags.parquet', parquet([true], [[1, 2]]))),
      says('row 1', 'neither text nor a number'),
    );
  });

  it('refuses a number that float32 cannot hold', async () => {
    await assert.rejects(
      read(write('large.csv', 'id,x\na,1\nb,-1e39\n')),
      says('large.csv, line 3: number 1', '"-1e39"', 'float32'),
    );
  });

  it('reads Parquet as pandas compresses it: snappy, gzip, zstd, none', async () => {
    const columnData = [
      { name: 'id', data: ['a'] },
      { name: 'vector', data: [[1, 2.5]] },
    ];
    const compressors = { GZIP: (bytes: Uint8Array) => gzipSync(bytes), ZSTD: zstd };
    for (const codec of ['SNAPPY', 'GZIP', 'ZSTD', 'UNCOMPRESSED'] as const) {
      const path = write(
        `${codec}.parquet`,
        new Uint8Array(parquetWriteBuffer({ columnData, codec, compressors })),
      );
      const { ids: own, values } = await read(path);
      assert.deepEqual([own, [...values]], [['a'], [1, 2.5]], codec);
    }
  });

  it('names the place of what is no number, in every format', async () => {
    const broken = Float32Array.of(1, 2, 3, 4, NaN, 6);
    const columnData = [
      { name: 'id', data: ['a'] },
      { name: 'vector', data: [[1, null]] },
    ];
    await assert.rejects(
      read(write('nan.csv', 'id,x,y\na,1,2\nb,3,NaN\n')),
      says('nan.csv, line 3', 'number 2', '"NaN"', 'finite'),
    );
    await assert.rejects(read(write('gap.csv', 'id,x,y\na,1,\n')), says('line 2', 'number 2', '""'));
    await assert.rejects(
      read(write('nan.npy', npy('<f4', '2, 3', bytesOf(broken))), ids),
      says('nan.npy, row 2', 'number 2', 'NaN'),
    );
    const tensors = new Map([['vectors', { shape: [2, 3], values: broken }]]);
    await assert.rejects(
      read(write('nan.safetensors', encodeSafetensors(tensors)), ids),
      says('nan.safetensors, row 2', 'number 2', 'NaN'),
    );
    await assert.rejects(
      read(write('nan.parquet', new Uint8Array(parquetWriteBuffer({ columnData })))),
      says('nan.parquet, row 1', 'number 2', 'null'),
    );
  });

  it('says where lists go, which pandas writes into CSV as they are', () =>
    assert.rejects(
      read(write('lists.csv', 'id,vector\na,"[1.0, 2.0]"\n')),
      says('number 1 of the vector is "[1.0, 2.0]"; a list goes into Parquet; CSV takes a column for each'),
    ));

  it('refuses rows of another width, and wrong counts of interactions', async () => {
    await assert.rejects(read(write('wide.csv', 'id,x,y\na,1,2\nb,3\n')), says('wide.csv, line 3'));
    const columnData = [
      { name: 'id', data: ['a', 'b'] },
      { name: 'vector', data: [[1, 2], [1]] },
    ];
    await assert.rejects(
      read(write('wide.parquet', new Uint8Array(parquetWriteBuffer({ columnData })))),
      says('row 2', '1 numbers', 'have 2'),
    );
    for (const wrong of ['-1', '1.5', 'all', '']) {
      await assert.rejects(
        read(write('seen.csv', `id,seenUntil,x\na,${wrong},2\n`)),
        says('line 2', '"seenUntil"', wrong),
      );
    }
  });

  const misnamed: [string[], string[]][] = [
    [
      ['', 'id', 'x'],
      ['column 1 has no name', 'row index', 'index=False'],
    ],
    [
      ['Unnamed: 0', 'id', 'x'],
      ['"Unnamed: 0" looks like a row index', 'index=False'],
    ],
    [
      ['id', 'x', '__index_level_0__'],
      ['"__index_level_0__" looks like a row index', 'index=False'],
    ],
    [['id', 'x', 'x'], ['"x" comes twice']],
    [
      ['ID', 'x', 'y'],
      ['did you mean "id"', '"ID"'],
    ],
    [
      ['id', 'seen_until', 'x'],
      ['did you mean "seenUntil"', '"seen_until"'],
    ],
    [
      ['id', 'seenuntil', 'x'],
      ['did you mean "seenUntil"', '"seenuntil"'],
    ],
  ];
  for (const [n, [names, words]] of misnamed.entries()) {
    it(`takes no column for a number of the vector by mistake: ${names.join(', ')}`, async () => {
      const path = write(`misnamed${n}.csv`, `${names.join()}\n0,1,2\n`);
      await assert.rejects(read(path), says(`${path}, line 1`, ...words));
      const columnData = names.map((name) => ({ name, data: [0] }));
      const table = write(`misnamed${n}.parquet`, new Uint8Array(parquetWriteBuffer({ columnData })));
      await assert.rejects(read(table), says(table, ...words));
    });
  }

  it('finds the row index that pandas leaves beside a column of lists', async () => {
    const columnData = [
      { name: 'id', data: ['a'] },
      { name: 'vector', data: [[0.357, 1]] },
      { name: '__index_level_0__', data: [0] },
    ];
    const path = write('index.parquet', new Uint8Array(parquetWriteBuffer({ columnData })));
    await assert.rejects(read(path), says('"__index_level_0__" looks like a row index'));
  });

  it('says what is wrong with a matrix or its ids', async () => {
    const good = write('good.npy', npy('<f4', '2, 3', bytesOf(matrix)));
    const cases: [string, string | undefined, string[]][] = [
      [good, undefined, ['no ids', '"backbone.userIds"']],
      [good, write('three.csv', 'id\na\nb\nc\n'), ['2 rows', '3 ids']],
      [good, write('names.csv', 'name\na\nb\n'), ['no column "id"', 'name']],
      [write('x.npy', 'something else'), ids, ['no NumPy file']],
      [write('i.npy', npy('<i8', '2, 3', bytesOf(matrix))), ids, ['<i8', 'float32']],
      [write('one.npy', npy('<f4', '6,', bytesOf(matrix))), ids, ['1 dimensions']],
      [write('short.npy', npy('<f4', '3, 3', bytesOf(matrix))), ids, ['cut short']],
      [write('x.safetensors', 'something else'), ids, ['x.safetensors']],
      [write('v.csv', 'id,x\na,1\n'), ids, ['"backbone.userIds" does nothing']],
      [write('v.txt', 'a 1 2'), undefined, ['.parquet']],
      [write('x.parquet', 'something else'), undefined, ['x.parquet', 'Parquet']],
      [join(folder, 'nowhere.csv'), undefined, ['There is no file', 'nowhere.csv']],
      [write('empty.csv', 'id,x\n'), undefined, ['no rows']],
      [write('bare.csv', 'id\na\n'), undefined, ['no numbers']],
    ];
    for (const [path, sidecar, words] of cases) await assert.rejects(read(path, sidecar), says(...words));
  });
});
