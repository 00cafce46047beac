import assert from 'node:assert/strict';
import { existsSync, realpathSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CocoError, StoppedError } from '@coco-rec/core';
import { linkLibrary } from './build-binding.js';
import { bindingFolder, engineFolder, libraryFolder, linksCuda } from './cache-folder.js';
import { checked } from './download.js';
import { installEngine } from './install-engine.js';
import { unsupportedReason } from './native-platform.js';
import { variants } from './pins.js';
import { isPublished, publishFolder } from './publish-folder.js';
import { CommandError, runCommand } from './run-command.js';
import { findTools, isComplete } from './tools.js';

const silent = { report: () => undefined, log: () => undefined };
const emptySha256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

describe('the installation', () => {
  const keys = ['COCO_CACHE', 'XDG_CACHE_HOME', 'PATH', 'PYTHON', 'CXX', 'MAKE'];
  const environment = keys.map((key) => [key, process.env[key]] as const);
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'coco-install-'));
  });

  afterEach(async () => {
    for (const [key, value] of environment) {
      if (value === undefined) delete process.env[key];
      else process.env[key] = value;
    }
    await rm(folder, { recursive: true, force: true });
  });

  describe('the cache folder', () => {
    it('is COCO_CACHE, or lies below the cache of the user', () => {
      process.env.COCO_CACHE = folder;
      assert.equal(engineFolder(), join(folder, 'engine'));
      delete process.env.COCO_CACHE;
      process.env.XDG_CACHE_HOME = folder;
      assert.equal(engineFolder(), join(folder, 'coco', 'engine'));
      process.env.XDG_CACHE_HOME = 'relative';
      assert.match(engineFolder(), /\.cache.coco.engine$/);
    });

    it('keeps a binding by Node ABI, wheel and package version', () => {
      assert.match(
        bindingFolder(variants.cpu),
        new RegExp(`node${process.versions.modules}-tensorflow-cpu-2.18.1-tfjs-4.22.0`),
      );
      assert.notEqual(bindingFolder(variants.cpu), bindingFolder(variants.gpu));
      assert.notEqual(libraryFolder(variants.cpu), libraryFolder(variants.gpu));
    });
  });

  describe('a published folder', () => {
    const fill = (content: string) => (place: string) => writeFile(join(place, 'file'), content);

    it('appears whole, and notices a file of another size', async () => {
      const place = join(folder, 'place');
      await publishFolder(place, ['file'], fill('content'));
      assert.ok(isPublished(place));
      await writeFile(join(place, 'file'), 'cut');
      assert.ok(!isPublished(place));
      await publishFolder(place, ['file'], fill('content'));
      assert.ok(isPublished(place));
    });

    it('does not appear after a failure, and leaves nothing', async () => {
      const failing = async (place: string): Promise<void> => {
        await fill('content')(place);
        throw new CocoError('no');
      };
      await assert.rejects(publishFolder(join(folder, 'place'), ['file'], failing), /no/);
      await assert.rejects(publishFolder(join(folder, 'place'), ['absent'], fill('content')), /ENOENT/);
      assert.deepEqual(await readdir(folder), []);
    });

    it('removes what a process that was killed left behind, and no other', async () => {
      const abandoned = join(folder, 'place.partial-999999999');
      const working = join(folder, `other.partial-${process.ppid}`);
      for (const place of [abandoned, working]) await mkdir(place);
      await publishFolder(join(folder, 'place'), ['file'], fill('content'));
      assert.deepEqual([existsSync(abandoned), existsSync(working)], [false, true]);
    });
  });

  describe('the links of a build', () => {
    const files = ['include', 'libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'];
    const link = async (...more: string[]): Promise<string> => {
      const library = join(folder, 'library');
      for (const file of [...files.map((name) => join('tensorflow', name)), ...more])
        await mkdir(join(library, file), { recursive: true });
      const build = join(folder, 'build');
      await linkLibrary(build, library);
      return build;
    };

    it('lead to the library', async () => {
      const build = await link();
      const place = join(build, 'package', 'deps', 'lib', 'libtensorflow.so');
      assert.equal(
        realpathSync(place),
        realpathSync(join(folder, 'library/tensorflow/libtensorflow_cc.so.2')),
      );
      assert.ok(!linksCuda(build));
    });

    it('lead to CUDA beside the links, where TensorFlow looks for it', async () => {
      const build = await link(join('nvidia', 'cublas', 'lib'));
      assert.ok(existsSync(join(build, 'package', 'deps', 'lib', '..', 'nvidia', 'cublas', 'lib')));
      assert.ok(linksCuda(build));
    });
  });

  describe('a download', () => {
    it('is kept if its hash is the pinned one, and removed if not', async () => {
      const file = join(folder, 'wheel');
      await writeFile(file, '');
      assert.equal(await checked(file, emptySha256), file);
      await writeFile(file, 'another');
      await assert.rejects(
        checked(file, emptySha256),
        /wheel has SHA-256 \w{64} instead of the pinned e3b0c442/,
      );
      assert.ok(!existsSync(file));
      await assert.rejects(checked(file, emptySha256), /did not bring/);
    });

    it('is pinned by a whole SHA-256 each', () => {
      const wheels = [variants.cpu, variants.gpu].flatMap(({ library, companions }) => [
        library,
        ...companions,
      ]);
      for (const { sha256, file, version } of wheels) {
        assert.match(sha256, /^[0-9a-f]{64}$/);
        assert.ok(file.includes(version));
      }
      assert.equal(new Set(wheels.map((wheel) => wheel.sha256)).size, wheels.length);
    });
  });

  describe('a command', () => {
    const script = (text: string): [string, string[]] => [process.execPath, ['-e', text]];

    it('gives its output', async () => {
      assert.equal(await runCommand(...script('process.stdout.write("good")')), 'good');
    });

    it('that fails says why', async () => {
      const failing = runCommand(
        ...script('console.error("ERROR: no such wheel"); console.error("bye"); process.exit(3)'),
      );
      await assert.rejects(failing, (error) => {
        assert.ok(error instanceof CommandError);
        assert.match(error.message, /ended with 3/);
        assert.equal(error.reason, 'ERROR: no such wheel');
        return true;
      });
      await assert.rejects(runCommand(join(folder, 'absent'), []), /cannot start/);
    });

    it('ends with its children when it is stopped', async () => {
      const controller = new AbortController();
      const pidFile = join(folder, 'pid');
      const child = `require('fs').writeFileSync(${JSON.stringify(pidFile)}, String(process.pid)); setInterval(() => {}, 1e3)`;
      const parent = `require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(child)}], { stdio: 'inherit' })`;
      const running = runCommand(...script(parent), { signal: controller.signal });
      while (!existsSync(pidFile)) await new Promise((resolve) => setTimeout(resolve, 20));
      controller.abort();
      await assert.rejects(running, StoppedError); // its output closes only when the child has ended too
    });
  });

  describe('the tools', () => {
    it('that are missing are all named, and nothing is written', async function () {
      process.env.PATH = folder;
      for (const name of ['PYTHON', 'CXX', 'MAKE']) delete process.env[name];
      const { found, missing } = await findTools();
      assert.ok(!isComplete(found, missing));
      assert.deepEqual(missing.slice(0, 3), ['Python 3.8 or newer', 'a C++ compiler (g++)', 'make']);
      process.env.COCO_CACHE = folder;
      const expected = unsupportedReason()
        ? /cannot be installed: it needs/
        : /this machine lacks Python 3.8 or newer, a C\+\+/;
      await assert.rejects(installEngine({ progress: silent }), expected);
      assert.deepEqual(await readdir(folder), []);
    });
  });
});
