import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { readBlocks } from './blocks.js';
import { readLines } from './lines.js';
import { useFolder } from './testing.test.js';

describe('readLines', function () {
  this.timeout(60_000);
  const at = useFolder();

  const linesOf = async (content: Uint8Array | string, name = 'x.txt'): Promise<string[]> => {
    await writeFile(at(name), content);
    const all: string[] = [];
    for await (const { lines, first } of readLines(at(name))) {
      assert.equal(first, all.length + 1);
      all.push(...lines);
    }
    return all;
  };

  it('leaves out a byte order mark, carriage returns at line ends and NUL bytes, and nothing else', async () => {
    assert.deepEqual(await linesOf('\ufeffa\r\n\ufeffb\rc\r\r\n\n\0d\0e\r'), ['a', '\ufeffb\rc\r', '', 'de']);
    assert.deepEqual(await linesOf('\ufeff'), []);
    assert.deepEqual(await linesOf('\n\n'), ['', '']);
  });

  it('reads what is no UTF-8 as the decoder does', async () => {
    const bytes = [0x61, 0xff, 0x0a, 0xe6, 0xbc, 0x0a, 0xc3, 0x00, 0xa9];
    assert.deepEqual(await linesOf(Uint8Array.from(bytes)), ['a\ufffd', '\ufffd', '\ufffd\ufffd']);
  });

  it('reads lines across the pieces of a file, also of a gzip file', async () => {
    const expected = Array.from({ length: 60_000 }, (_, i) => `${i} 漢${'ü'.repeat(i % 23)}`);
    expected[30_000] = '漢ü'.repeat(300_000);
    assert.deepEqual(await linesOf(expected.join('\n')), expected);
    assert.deepEqual(await linesOf(gzipSync(expected.join('\r\n')), 'x.gz'), expected);
  });

  it('says after which line a file cannot be read on', async () => {
    const packed = gzipSync(Array.from({ length: 100_000 }, (_, i) => `${i * 7919}`).join('\n'));
    await writeFile(at('x.gz'), packed.subarray(0, packed.length - 1000));
    const position = { path: at('x.gz'), line: 0 };
    const read = async () => {
      for await (const block of readBlocks(position))
        position.line += block.filter((byte) => byte === 10).length;
    };
    await assert.rejects(read, (error: Error) => {
      assert.ok(position.line > 1000);
      assert.ok(error.message.startsWith(`${at('x.gz')}, after line ${position.line}: cannot be read (`));
      return true;
    });
  });
});
