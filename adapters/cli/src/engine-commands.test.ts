/** `coco engine`: what is said on a machine without native TensorFlow. Nothing is installed here. */
import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { type CocoRun, runCoco } from './testing/run-coco.js';
import { assertGood, assertRefused } from './testing/workshop.js';

describe('coco engine', function () {
  this.timeout(60_000);
  let folder: string;
  let cache: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'coco-engine-'));
    cache = join(folder, 'cache');
    await mkdir(cache);
  });
  after(() => rm(folder, { recursive: true, force: true }));

  /** Runs `coco engine …` with an empty cache, on this machine or on one with other programs. */
  const engine = (line: string, environment: Readonly<Record<string, string>> = {}): Promise<CocoRun> => {
    const own = { COCO_CACHE: cache, PYTHON: '', CXX: '', MAKE: '', ...environment };
    return runCoco(['engine', ...line.split(' ')], { folder, environment: own });
  };

  /** A PATH of programs that only say that they run. */
  async function programs(...names: string[]): Promise<string> {
    const path = await mkdtemp(join(folder, 'programs-'));
    for (const name of names) {
      await writeFile(join(path, name), '#!/bin/sh\nexit 0\n');
      await chmod(join(path, name), 0o755);
    }
    return path;
  }

  const nothingWritten = async (): Promise<void> => assert.deepEqual(await readdir(cache), []);

  /** Rows of the printed table: engine, state, detail. */
  function rowsOf({ output }: CocoRun): string[][] {
    const [title, columns, ...rows] = output.trim().split('\n');
    assert.deepEqual([title, columns.split(/ {2,}/)], ['Engines, best first', ['Engine', 'State', 'Detail']]);
    return rows.map((row) => row.split(/ {2,}/));
  }

  describe('status', () => {
    it('names every engine, the one that is used, and why not a better one', async () => {
      const run = await engine('status');
      assertGood(run);
      assert.equal(run.errors, '');
      const [tensorflow, wasm, cpu] = rowsOf(run);
      assert.deepEqual(tensorflow.slice(0, 2), ['tensorflow', 'not available']);
      assert.match(
        tensorflow[2],
        /is not installed .*Node v\d+.*`coco engine install` does it|does not run here/,
      );
      assert.deepEqual(wasm.slice(0, 2), ['wasm', 'used by auto']);
      assert.match(wasm[2], /^tfjs WebAssembly \d.*1 thread$/);
      assert.deepEqual(cpu.slice(0, 2), ['cpu', 'available']);
      await nothingWritten();
    });

    it('names each program that the installation would lack, and only those', async function () {
      if (process.platform !== 'linux' || process.arch !== 'x64') this.skip();
      const [none, some] = await Promise.all([
        engine('status', { PATH: await programs() }),
        engine('status', { PATH: await programs('python3', 'make') }),
      ]);
      assert.match(
        rowsOf(none)[0][2],
        /lacks Python 3\.8 or newer, a C\+\+ compiler \(g\+\+\), make.* for that\.$/,
      );
      assert.match(rowsOf(some)[0][2], /lacks a C\+\+ compiler/);
      assert.doesNotMatch(some.output, /Python|make/);
    });
  });

  describe('install', () => {
    before(function () {
      if (process.platform !== 'linux' || process.arch !== 'x64') this.skip();
    });

    for (const line of ['install', 'install --gpu']) {
      it(`refuses in one sentence where programs are missing (${line})`, async () => {
        const [none, some] = await Promise.all([
          engine(line, { PATH: await programs() }),
          engine(line, { PATH: await programs('python3', 'c++') }),
        ]);
        assertRefused(
          none,
          1,
          /lacks Python 3\.8 or newer, a C\+\+ compiler \(g\+\+\), make.*\(on Debian .*apt install/,
        );
        assertRefused(some, 1, /this machine lacks make( |,)/);
        assert.doesNotMatch(some.errors, /lacks.*(Python 3|compiler).*\(on Debian/);
        assert.deepEqual([none.output, some.output], ['', '']);
        await nothingWritten();
      });
    }

    it('says so where the cache cannot be written', async () => {
      const file = join(folder, 'file');
      await writeFile(file, '');
      const path = [await programs('python3', 'c++', 'make'), process.env.PATH].join(delimiter);
      const [itself, below] = await Promise.all([
        engine('install', { PATH: path, COCO_CACHE: file }),
        engine('install', { PATH: path, COCO_CACHE: join(file, 'below') }),
      ]);
      assertRefused(itself, 1, /cannot be installed below .*file.engine: a file stands where .*COCO_CACHE/);
      assertRefused(
        below,
        1,
        /cannot be installed below .*below.engine: a part of the path is a file.*COCO_CACHE/,
      );
    });
  });

  it('refuses what it does not know with code 2', async () => {
    assertRefused(await engine('instal'), 2, /unknown command 'instal'.*install/);
    assertRefused(await engine('status tensorflow'), 2, /too many arguments for 'status'/);
    assertRefused(await engine('install --cuda'), 2, /unknown option '--cuda'/);
    await nothingWritten();
  });
});
