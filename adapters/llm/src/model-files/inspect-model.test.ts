import assert from 'node:assert/strict';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { CocoError, UsageError } from '@coco-rec/core';
import { inspectModel } from './inspect-model.js';
import { pullModel } from './pull-model.js';
import { sizeText } from './size-text.js';
import { tinyGguf, tinyParameters, writeTinyModel } from './testing/tiny-model.js';

describe('models on this machine', () => {
  let folder = '';
  const at = (name: string): string => join(folder, name);

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'coco-model-'));
    await writeTinyModel(at('tiny'));
    await writeFile(at('tiny.gguf'), tinyGguf());
    await writeFile(at('short.gguf'), tinyGguf().subarray(0, -40));
    await writeFile(at('header.gguf'), tinyGguf().subarray(0, 100));
    await writeFile(at('odd.gguf'), tinyGguf({ type: 19 }));
    await writeFile(at('gpt2.gguf'), tinyGguf({ architecture: 'gpt2' }));
    await writeFile(at('text.gguf'), 'this is no model at all, but a text');
  });

  after(() => rm(folder, { recursive: true, force: true }));

  describe('inspectModel', () => {
    it('tells what a folder and a .gguf file are', async () => {
      for (const [name, format] of [
        ['tiny', 'safetensors'],
        ['tiny.gguf', 'gguf'],
      ] as const) {
        const summary = await inspectModel(at(name));
        assert.equal(summary.format, format);
        assert.equal(summary.parameters, tinyParameters);
        assert.equal(summary.contextLength, 128);
        assert.equal(summary.config.numKeyValueHeads, 1);
        assert.deepEqual(summary.tensorTypes, [{ type: 'F32', tensors: 11 }]);
        assert.match(summary.files[0].sha256, /^[0-9a-f]{64}$/);
        assert.equal(summary.problem, undefined);
        assert.match(summary.tokenizerProblem ?? '', /tokenizer/);
      }
    });

    it('tells of a cut file and of a quantisation that is not read', async () => {
      assert.match((await inspectModel(at('short.gguf'))).problem ?? '', /short\.gguf is cut short/);
      assert.match((await inspectModel(at('odd.gguf'))).problem ?? '', /token|quantised as IQ1_S/);
    });

    it('refuses what cannot be opened, in one sentence', async () => {
      const cases = {
        'header.gguf': /cut short/,
        'gpt2.gguf': /"gpt2"; llama and qwen3/,
        'text.gguf': /not a GGUF/,
      };
      for (const [name, pattern] of Object.entries({ ...cases, 'no.gguf': /no model at/ })) {
        await assert.rejects(inspectModel(at(name)), (error: Error) => {
          assert.ok(error instanceof CocoError, String(error));
          assert.match(error.message, pattern);
          return true;
        });
      }
    });
  });

  describe('pullModel, from a local source', () => {
    it('copies a file, and a folder', async () => {
      const one = await pullModel(at('tiny.gguf'), { folder: at('models') });
      assert.deepEqual(await readFile(one.path), Buffer.from(tinyGguf()));
      const many = await pullModel(at('tiny'), { folder: at('models/tiny') });
      assert.deepEqual(
        many.files.map(({ name }) => name),
        await readdir(at('tiny')),
      );
      assert.deepEqual((await readdir(at('models'))).sort(), ['tiny', 'tiny.gguf']);
      assert.equal((await inspectModel(many.path)).problem, undefined);
      await pullModel(at('tiny.gguf'), { folder: at('models') }); // the same again is no error
    });

    it('copies nothing that cannot be read, nor over another file', async () => {
      for (const name of ['short.gguf', 'header.gguf', 'odd.gguf', 'gpt2.gguf', 'text.gguf']) {
        await assert.rejects(pullModel(at(name), { folder: at('other') }), CocoError, name);
      }
      const wrong = pullModel(at('tiny.gguf'), { folder: at('other'), sha256: '0'.repeat(64) });
      await assert.rejects(wrong, /nothing was copied/);
      await assert.rejects(readdir(at('other')));
      await assert.rejects(pullModel(at('tiny.gguf'), { folder }), UsageError);
      await writeFile(at('models/tiny.gguf'), 'mine');
      await assert.rejects(pullModel(at('tiny.gguf'), { folder: at('models') }), /left as it is/);
      assert.equal(await readFile(at('models/tiny.gguf'), 'utf8'), 'mine');
    });
  });
});

describe('sizeText', () => {
  it('rounds to what a person reads', () => {
    assert.deepEqual([0, 999, 4200, 99_960, 999_600, 270_600_000, 1.5e12].map(sizeText), [
      '0 bytes',
      '999 bytes',
      '4.2 kB',
      '100 kB',
      '1.0 MB',
      '271 MB',
      '1500 GB',
    ]);
  });
});
