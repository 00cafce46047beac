import assert from 'node:assert/strict';
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CocoError, type StoredText } from '@coco-rec/core';
import { TemporaryFolder } from './testing/temporary-folder.js';
import { FileTextStore } from './text-store.js';

const record = (key: string, text?: string): StoredText => ({
  key,
  ...(text === undefined ? { failure: 'the server said 500' } : { text }),
  template: 'test 1',
  model: 'model',
  shown: { user: 'u1', shownUntil: 3 },
  flags: ['echo'],
  promptTokens: 7,
  answerTokens: 5,
  cost: 0.001,
});

describe('FileTextStore', () => {
  const folder = new TemporaryFolder();
  after(() => folder.remove());

  it('gives what was put, whole, to this instance, another and a later one', async () => {
    const path = folder.at('plain');
    const [one, two] = [new FileTextStore(path), new FileTextStore(path)];
    assert.deepEqual(await two.get(['a']), [undefined]);
    const odd = record('a', 'two\nlines "quoted" \\ and ✓ \u2028 \0');
    await one.put(odd);
    await two.put(record('b'));
    for (const store of [one, two, new FileTextStore(path)]) {
      assert.deepEqual(await store.get(['b', 'a', 'c']), [record('b'), odd, undefined]);
    }
  });

  it('lets an answer stand for a failure, and never the other way round', async () => {
    const path = folder.at('order');
    const store = new FileTextStore(path);
    await store.put(record('a'));
    await store.put(record('a', 'yes'));
    await new FileTextStore(path).put(record('a')); // another process, that failed at the same time
    assert.deepEqual(await new FileTextStore(path).get(['a']), [record('a', 'yes')]);
  });

  it('drops a record that was cut off, wherever, and nothing else', async () => {
    for (let cut = 1; cut < 150; cut += 11) {
      const path = folder.at(`cut${cut}`);
      const file = join(path, 'texts.jsonl');
      const store = new FileTextStore(path);
      await store.put(record('a', 'first'));
      await store.put(record('b', 'second'));
      truncateSync(file, readFileSync(file).length - cut);
      const after = new FileTextStore(path);
      const [first, second] = await after.get(['a', 'b']);
      assert.deepEqual([first, second], [record('a', 'first'), undefined], `cut ${cut}`);
      await after.put(record('c', 'third'));
      await after.put(record('b', 'second'));
      const all = ['a', 'b', 'c'];
      for (const reader of [after, new FileTextStore(path)]) {
        assert.deepEqual((await reader.get(all)).map((one) => one?.text), ['first', 'second', 'third']); // prettier-ignore
      }
    }
  });

  it('takes no damaged record, and no line of something else', async () => {
    const path = folder.at('damaged');
    const file = join(path, 'texts.jsonl');
    await new FileTextStore(path).put(record('a', 'an honest answer'));
    appendFileSync(file, 'something else\n{"key":"a","text":"without checksum"}\n');
    assert.equal((await new FileTextStore(path).get(['a']))[0]?.text, 'an honest answer');
    writeFileSync(file, readFileSync(file, 'utf8').replace('honest', 'altered'));
    assert.deepEqual(await new FileTextStore(path).get(['a']), [undefined]);
  });

  it('says in a sentence that its file cannot be used', async () => {
    const file = folder.write('a file', 'not a folder');
    await assert.rejects(new FileTextStore(file).put(record('a', 'x')), (error: Error) => {
      return error instanceof CocoError && /texts\.jsonl cannot be written: .*\.$/.test(error.message);
    });
  });
});

describe('Extraction and kill -9', function () {
  this.timeout(60_000);
  const folder = new TemporaryFolder();
  const children: ChildProcessWithoutNullStreams[] = [];
  after(() => {
    for (const child of children) child.kill('SIGKILL');
    folder.remove();
  });

  /** Runs the filler until it ends or has stored `killAfter` answers. @returns the lines it said */
  async function fill(path: string, count: number, killAfter = Infinity): Promise<string[]> {
    const script = join(import.meta.dirname, 'testing', 'text-filler.js');
    const child = spawn(process.execPath, [script, path, String(count)]);
    children.push(child);
    child.stderr.pipe(process.stderr);
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      said += chunk;
      if (said.split('\nstored ').length > killAfter) child.kill('SIGKILL');
    });
    await once(child, 'close');
    return said.split('\n').slice(0, -1);
  }

  it('loses the request in flight at most, and a second start sends nothing twice', async () => {
    const path = folder.at('killed');
    const count = 400;
    const sent: string[] = [];
    const stored = new Set<string>();
    let last: string[] = [];
    for (const killAfter of [50, Infinity]) {
      last = await fill(path, count, killAfter);
      const mine = last.filter((line) => line.startsWith('sent ')).map((line) => line.slice(5));
      for (const prompt of mine)
        assert.ok(!stored.has(prompt), `${prompt} was stored before, and sent again`);
      sent.push(...mine);
      for (const line of last) if (line.startsWith('stored ')) stored.add(line.slice(7));
    }
    assert.equal(last.at(-1), `done ${count}`);
    assert.equal(new Set(sent).size, count);
    assert.ok(sent.length <= count + 1, `${sent.length} requests for ${count} texts and a kill`);
    assert.deepEqual(await fill(path, count), ['ready', `done ${count}`]);
  });
});
