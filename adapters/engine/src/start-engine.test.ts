import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { CocoError, UsageError } from '@coco-rec/core';
import { engines, engineStatus, startEngine } from './index.js';
import { bindingFiles, bindingFolder } from './install/cache-folder.js';
import { unsupportedReason } from './install/native-platform.js';
import { variants } from './install/pins.js';
import { publishFolder } from './install/publish-folder.js';

/** Runs `script`, which may use `engine`, in a process of its own with an engine cache of its own. */
async function inProcess(cache: string, script: string): Promise<unknown> {
  const module = JSON.stringify(new URL('index.js', import.meta.url).href);
  const code = `import * as engine from ${module}; console.log(JSON.stringify(await (async () => { ${script} })()))`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', code], {
    env: { ...process.env, COCO_CACHE: cache },
  });
  return JSON.parse(stdout);
}

async function withCache(use: (cache: string) => Promise<void>): Promise<void> {
  const cache = await mkdtemp(join(tmpdir(), 'coco-engine-'));
  const before = process.env.COCO_CACHE;
  process.env.COCO_CACHE = cache;
  try {
    await use(cache);
  } finally {
    if (before === undefined) delete process.env.COCO_CACHE;
    else process.env.COCO_CACHE = before;
    await rm(cache, { recursive: true, force: true });
  }
}

describe('engines', function () {
  this.timeout(30_000);

  it('of WebAssembly leaves the errors of a program to the program', () =>
    withCache(async (cache) => {
      const script = `const counts = () => ['uncaughtException', 'unhandledRejection'].map((event) => process.listenerCount(event));
        const before = counts(); await engine.startEngine('wasm'); return [before, counts()];`;
      const [before, after] = (await inProcess(cache, script)) as [number[], number[]];
      assert.deepEqual(after, before);
    }));

  it('are listed best first, with ids and preferences of their own', () => {
    assert.deepEqual(
      engines.map(({ id, preference }) => [id, preference]),
      [
        ['tensorflow', 30],
        ['wasm', 20],
        ['cpu', 10],
      ],
    );
    for (const { kind, specVersion, summary } of engines) {
      assert.deepEqual([kind, specVersion], ['engine', 'v1']);
      assert.ok(summary.length > 10);
    }
  });

  it('start by id, as the backend of tfjs, with gradients', async () => {
    for (const id of ['cpu', 'wasm']) {
      const started = await startEngine(id);
      assert.equal(started.id, id);
      assert.match(started.detail, /^tfjs .* 4\.22\.0, .*1 thread$/);
      assert.equal(tf.getBackend(), id);
      tf.tidy(() =>
        assert.deepEqual(
          [
            ...tf
              .grad((x) => tf.sum(tf.square(x)))(tf.tensor1d([3]))
              .dataSync(),
          ],
          [6],
        ),
      );
    }
  });

  it('refuse an unknown id and name the nearest', async () => {
    await assert.rejects(startEngine('tensorflw'), (error) => {
      assert.ok(error instanceof UsageError);
      assert.match(
        error.message,
        /no engine "tensorflw". Did you mean "tensorflow"\? Known: auto, tensorflow, wasm, cpu/,
      );
      return true;
    });
  });
});

describe('the engine auto', function () {
  this.timeout(30_000); // native TensorFlow and processes start here

  it('is the best available, and the status says so', async () => {
    const reports = await engineStatus();
    const { id, passedOver } = await startEngine('auto');
    assert.deepEqual(
      reports.filter((report) => report.chosen).map((report) => report.id),
      [id],
    );
    assert.equal(
      passedOver.length,
      reports.findIndex((report) => report.chosen),
    );
    assert.equal(tf.getBackend(), id);
  });

  it('is wasm without native TensorFlow, and says why', async () => {
    await withCache(async () => {
      const { id, passedOver } = await startEngine('auto');
      assert.equal(id, 'wasm');
      const reason = unsupportedReason()
        ? /does not run here/
        : /tensorflow: .*not installed for Node v.*coco engine install/;
      assert.match(passedOver.join(), reason);
      const [tensorflow, wasm] = await engineStatus();
      assert.deepEqual([tensorflow.available, tensorflow.chosen, wasm.chosen], [false, false, true]);
      await assert.rejects(startEngine('tensorflow'), CocoError);
    });
  });

  it('passes over a native TensorFlow that does not load, and says why', async function () {
    const unsupported = unsupportedReason();
    if (unsupported) {
      console.log(`      skipped: ${unsupported}`);
      return this.skip();
    }
    await withCache(async (cache) => {
      const files = Object.values(bindingFiles);
      await publishFolder(bindingFolder(variants.cpu), files, async (folder) => {
        for (const file of files) {
          await mkdir(dirname(join(folder, file)), { recursive: true });
          await writeFile(join(folder, file), 'not what it should be');
        }
      });
      const started = (await inProcess(cache, `return await engine.startEngine('auto')`)) as {
        id: string;
        passedOver: string[];
      };
      assert.equal(started.id, 'wasm');
      assert.match(started.passedOver.join(), /does not load .*; run `coco engine install` again/);
    });
  });
});

describe('the engine tensorflow', function () {
  this.timeout(30_000);

  it('shares one copy of tfjs-core with everything else', async function () {
    const [status] = await engineStatus();
    if (!status.available) {
      console.log(`      skipped: ${status.detail}`);
      return this.skip();
    }
    const { detail } = await startEngine('tensorflow');
    assert.match(detail, /^TensorFlow 2\.18\.1, (CPU|GPU), \d+ threads$/);
    assert.ok(
      tf.backend() instanceof tf.KernelBackend,
      'the backend extends the KernelBackend of another copy',
    );
    const require = createRequire(import.meta.url);
    const ofCore = createRequire(require.resolve('@coco-rec/core'));
    assert.equal(ofCore.resolve('@tensorflow/tfjs-core'), require.resolve('@tensorflow/tfjs-core'));
    const common = require('@tensorflow/tfjs-core') as typeof tf;
    assert.ok(common.engine() === tf.engine());
  });
});
