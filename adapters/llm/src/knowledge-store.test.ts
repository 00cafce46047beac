import assert from 'node:assert/strict';
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, chmodSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CocoError } from '@coco-rec/core';
import { FileKnowledgeStore } from './knowledge-store.js';
import { entriesOf } from './testing/stored-vectors.js';
import { TemporaryFolder } from './testing/temporary-folder.js';

const dimension = 6;
const recordBytes = 32 + 4 * dimension + 4;
const fileName = `vectors-${dimension}.bin`;
const entries = (prefix: string, count = 5): ReturnType<typeof entriesOf> =>
  entriesOf(prefix, { count, dimension });

describe('FileKnowledgeStore', () => {
  const folder = new TemporaryFolder();
  after(() => folder.remove());

  it('gives what was put, bit for bit, to this instance, another and a later one', async () => {
    const path = folder.at('plain');
    const [one, two] = [new FileKnowledgeStore(path), new FileKnowledgeStore(path)];
    const { keys, vectors } = entries('a');
    vectors[0][0] = -0;
    assert.deepEqual(await two.get(keys, dimension), Array(5).fill(undefined));
    await one.put(keys, vectors);
    const more = entriesOf('long', { count: 3, dimension: 700 });
    await two.put([...more.keys, ...entries('b').keys], [...more.vectors, ...entries('b').vectors]);
    for (const store of [one, two, new FileKnowledgeStore(path)]) {
      assert.deepEqual(await store.get([...keys, ...entries('b').keys], dimension), [
        ...vectors,
        ...entries('b').vectors,
      ]);
      assert.deepEqual(await store.get(more.keys, 700), more.vectors);
      assert.deepEqual(await store.get(more.keys, dimension), Array(3).fill(undefined)); // other dimension, other vector
    }
  });

  it('keeps a key once, in one put or in several', async () => {
    const store = new FileKnowledgeStore(folder.at('once'));
    const { keys, vectors } = entries('a', 2);
    await store.put([...keys, ...keys], [...vectors, ...vectors]);
    await new FileKnowledgeStore(folder.at('once')).put(keys, vectors);
    assert.equal(statSync(folder.at('once', fileName)).size, 2 * recordBytes);
  });

  it('loses only the record that was cut off, wherever, and goes on', async () => {
    const { keys, vectors } = entries('a');
    for (let cut = 1; cut < recordBytes; cut += 7) {
      const path = folder.at(`cut${cut}`);
      await new FileKnowledgeStore(path).put(keys, vectors);
      truncateSync(join(path, fileName), 5 * recordBytes - cut);
      const first = new FileKnowledgeStore(path);
      assert.deepEqual(await first.get(keys, dimension), [...vectors.slice(0, 4), undefined]);
      await first.put(entries('b').keys, entries('b').vectors);
      // Nothing is taken back: what looks torn may be another process's record on its way.
      assert.equal(statSync(join(path, fileName)).size, 10 * recordBytes - cut);
      await new FileKnowledgeStore(path).put(keys, vectors);
      for (const store of [first, new FileKnowledgeStore(path)]) {
        const expected = [...vectors, ...entries('b').vectors];
        assert.deepEqual(await store.get([...keys, ...entries('b').keys], dimension), expected, `cut ${cut}`);
      }
    }
  });

  it('never gives a damaged vector, at any byte, and takes a new one', async () => {
    const { keys, vectors } = entries('a', 3);
    const path = folder.at('damaged');
    await new FileKnowledgeStore(path).put(keys, vectors);
    const file = join(path, fileName);
    const whole = readFileSync(file);
    for (let at = recordBytes; at < 2 * recordBytes; at++) {
      const early = new FileKnowledgeStore(path);
      await early.get(keys, dimension); // it has noted the record before it is damaged
      const damaged = Buffer.from(whole);
      damaged[at] ^= 0x10;
      writeFileSync(file, damaged);
      for (const store of [early, new FileKnowledgeStore(path)]) {
        assert.deepEqual(await store.get(keys, dimension), [vectors[0], undefined, vectors[2]], `byte ${at}`);
      }
      await early.put(keys, vectors);
      for (const store of [early, new FileKnowledgeStore(path)]) {
        assert.deepEqual(await store.get(keys, dimension), vectors, `byte ${at}`);
      }
      writeFileSync(file, whole);
    }
  });

  it('finds its way past long damage: zeros, noise, a file of something else', async () => {
    const { keys, vectors } = entries('a');
    const noise = Buffer.from(Uint8Array.from({ length: 1000 }, (_, i) => (i * i * 37 + i) & 255));
    for (const [i, damage] of [Buffer.alloc(5_000_000), noise, Buffer.from('something else\n')].entries()) {
      const store = new FileKnowledgeStore(folder.at(`long${i}`));
      await store.put(keys, vectors);
      appendFileSync(folder.at(`long${i}`, fileName), damage);
      await new FileKnowledgeStore(folder.at(`long${i}`)).put(entries('b').keys, entries('b').vectors);
      const expected = [...vectors, ...entries('b').vectors];
      assert.deepEqual(await store.get([...keys, ...entries('b').keys], dimension), expected);
    }
  });

  it('says in a sentence that its file cannot be used', async () => {
    const { keys, vectors } = entries('a');
    const isPlain = (error: Error): boolean =>
      error instanceof CocoError && /vectors-6\.bin cannot be/.test(error.message);
    const file = folder.write('a file', 'not a folder');
    await assert.rejects(new FileKnowledgeStore(file).put(keys, vectors), isPlain);
    if (process.getuid?.() === 0) return; // root may read and write everything
    const store = new FileKnowledgeStore(folder.at('closed'));
    await store.put(keys, vectors);
    chmodSync(folder.at('closed', fileName), 0);
    await assert.rejects(new FileKnowledgeStore(folder.at('closed')).get(keys, dimension), isPlain);
  });
});

describe('FileKnowledgeStore and processes', () => {
  const folder = new TemporaryFolder();
  const children: ChildProcessWithoutNullStreams[] = [];
  after(() => {
    for (const child of children) child.kill('SIGKILL');
    folder.remove();
  });

  /** A process that is ready to write. */
  async function startWriter(
    path: string,
    prefix: string,
    numbers: readonly number[],
  ): Promise<ChildProcessWithoutNullStreams> {
    const script = join(import.meta.dirname, 'testing', 'store-writer.js');
    const child = spawn(process.execPath, [script, path, prefix, ...numbers.map(String)]);
    children.push(child);
    child.stdout.setEncoding('utf8');
    child.stderr.pipe(process.stderr);
    await once(child.stdout, 'data');
    return child;
  }

  it('kill -9 in the middle of writing loses nothing that was put before', async () => {
    const H = 512;
    for (let round = 0; round < 2; round++) {
      const path = folder.at(`killed${round}`);
      const child = await startWriter(path, 'a', [H, 1e6, 40]);
      let said = '';
      child.stdout.on('data', (chunk: string) => (said += chunk));
      child.stdin.write('go\n');
      while (said.split('\n').length < 4 + 5 * round) await once(child.stdout, 'data');
      child.kill('SIGKILL');
      const [, signal] = (await once(child, 'close')) as [number, string];
      assert.equal(signal, 'SIGKILL');
      const confirmed = Number(said.split('\n').at(-2));
      const { keys, vectors } = entriesOf('a', { count: confirmed, dimension: H });
      const store = new FileKnowledgeStore(path);
      assert.deepEqual(await store.get(keys, H), vectors);
      const more = entriesOf('b', { count: 3, dimension: H });
      await store.put(more.keys, more.vectors);
      assert.deepEqual(await new FileKnowledgeStore(path).get([...keys, ...more.keys], H), [
        ...vectors,
        ...more.vectors,
      ]);
    }
  });

  it('two processes append at the same time, after a torn record, and lose nothing', async () => {
    const H = 256;
    const path = folder.at('two');
    const before = entriesOf('before', { count: 3, dimension: H });
    await new FileKnowledgeStore(path).put(before.keys, before.vectors);
    truncateSync(join(path, `vectors-${H}.bin`), 3 * (32 + 4 * H + 4) - 100);
    const [batches, size] = [30, 40];
    const writers = await Promise.all(
      ['a', 'b'].map((prefix) => startWriter(path, prefix, [H, batches, size])),
    );
    const ends = writers.map((child) => once(child, 'close'));
    for (const child of writers) child.stdin.write('go\n');
    for (const [code] of await Promise.all(ends)) assert.equal(code, 0);
    const store = new FileKnowledgeStore(path);
    for (const prefix of ['a', 'b']) {
      const { keys, vectors } = entriesOf(prefix, { count: batches * size, dimension: H });
      assert.deepEqual(await store.get(keys, H), vectors);
    }
    assert.deepEqual(await store.get(before.keys, H), [...before.vectors.slice(0, 2), undefined]);
  });
});
