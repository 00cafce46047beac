import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { CocoError, StoppedError, UsageError } from '@coco-rec/core';
import { type PullOptions, type PulledModel, pullModel } from './pull-model.js';
import { type HubServer, commit, startHubServer } from './testing/hub-server.js';
import { tinyGguf, tinyModelFiles } from './testing/tiny-model.js';

const sha256 = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex');

describe('pullModel, from a repository', () => {
  const files = new Map([
    ...tinyModelFiles(),
    ['pytorch_model.bin', new Uint8Array(500)],
    ['onnx/model.onnx', new Uint8Array(500)],
    ['README.md', new Uint8Array(10)],
    ['q/tiny.gguf', tinyGguf()],
  ]);
  const weights = files.get('model.safetensors') as Uint8Array;
  let folder = '';
  let hub: HubServer;
  const environment = { HF_ENDPOINT: process.env.HF_ENDPOINT, HF_TOKEN: process.env.HF_TOKEN };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'coco-pull-'));
    hub = await startHubServer(files);
    process.env.HF_ENDPOINT = hub.endpoint;
    process.env.HF_TOKEN = 'hf_secret';
  });

  afterEach(async () => {
    for (const [name, value] of Object.entries(environment)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
    await hub.close();
    await rm(folder, { recursive: true, force: true });
  });

  const pull = (options: Partial<PullOptions> = {}, id = 'tiny/llama'): Promise<PulledModel> =>
    pullModel(id, { folder, ...options });
  const downloads = (): string[] => hub.requests.filter((line) => line.includes('model.safetensors'));

  async function assertRefused(action: Promise<unknown>, pattern: RegExp, kind = CocoError): Promise<void> {
    await assert.rejects(action, (error: Error) => {
      assert.ok(error instanceof kind, String(error));
      assert.match(error.message, pattern);
      assert.doesNotMatch(error.message, /hf_secret|\n/);
      return true;
    });
  }

  it('takes what makes a model, of one commit, never pickle, and with the token', async () => {
    const pulled = await pull();
    assert.equal(pulled.path, folder);
    assert.equal(pulled.commit, commit);
    assert.deepEqual((await readdir(folder)).sort(), [
      'config.json',
      'generation_config.json',
      'model.safetensors',
    ]);
    assert.equal(pulled.files.find(({ name }) => name === 'model.safetensors')?.sha256, sha256(weights));
    assert.ok(hub.requests.every((line) => line.endsWith('Bearer hf_secret')));
    const before = hub.requests.length;
    await pull();
    assert.ok(
      hub.requests.slice(before).every((line) => line.startsWith('/api/')),
      'whole files are not fetched again',
    );
  });

  it('takes one .gguf, with its SHA-256 checked', async () => {
    const content = files.get('q/tiny.gguf') as Uint8Array;
    const pulled = await pull({ file: 'q/tiny.gguf', sha256: sha256(content).toUpperCase() });
    assert.equal(pulled.path, join(folder, 'tiny.gguf'));
    assert.deepEqual(await readFile(pulled.path), Buffer.from(content));
  });

  it('goes on by itself after a cut', async () => {
    hub.faults.cuts = [300, 300];
    await pull();
    assert.deepEqual(new Uint8Array(await readFile(join(folder, 'model.safetensors'))), weights);
    const ranges = downloads().map((line) => line.split(' ')[1]);
    assert.deepEqual(ranges, ['-', 'bytes=300-', 'bytes=600-']);
  });

  it('keeps what came when the connection breaks for good, and the next call goes on', async () => {
    hub.faults.cuts = [300, 0, 0, 0];
    await assertRefused(pull(), /after 300 of \d+ bytes.*same command/);
    assert.equal(downloads().length, 4);
    const [part] = (await readdir(folder)).filter((name) => name.endsWith('.part'));
    assert.match(part, /^model\.safetensors\.[0-9a-f]{16}\.part$/);
    await pull();
    assert.match(downloads().at(-1) ?? '', / bytes=300- /);
    assert.deepEqual(new Uint8Array(await readFile(join(folder, 'model.safetensors'))), weights);
    assert.ok(!(await readdir(folder)).includes(part));
  });

  it('starts anew where the server takes no notice of Range', async () => {
    Object.assign(hub.faults, { cuts: [300], ignoresRange: true });
    await pull();
    assert.deepEqual(new Uint8Array(await readFile(join(folder, 'model.safetensors'))), weights);
  });

  it('refuses and removes other bytes than the repository states', async () => {
    await pull(); // so that the small files are there
    await rm(join(folder, 'model.safetensors'));
    hub.faults.wrongBytes = true;
    await assertRefused(pull(), /model\.safetensors came with SHA-256 [0-9a-f]{64} instead of .* removed/);
    assert.deepEqual((await readdir(folder)).sort(), ['config.json', 'generation_config.json']);
  });

  it('checks small files by their git hash', async () => {
    hub.faults.wrongBytes = true;
    await assertRefused(pull(), /(generation_)?config\.json came with git hash/);
    assert.deepEqual(await readdir(folder), []);
  });

  it('refuses another SHA-256 than the one asked for', async () => {
    await assertRefused(
      pull({ file: 'q/tiny.gguf', sha256: '0'.repeat(64) }),
      /instead of 0{64}, so it was removed/,
    );
    assert.deepEqual(await readdir(folder), []);
  });

  it('never overwrites another file', async () => {
    await writeFile(join(folder, 'config.json'), 'mine');
    await assertRefused(pull(), /config\.json is there with another content/, UsageError);
    assert.equal(await readFile(join(folder, 'config.json'), 'utf8'), 'mine');
  });

  it('says in one sentence what cannot be had', async () => {
    await assertRefused(pull({}, 'tiny/other'), /does not have the repository "tiny\/other"/);
    await assertRefused(pull({ file: 'tiny.guf.gguf' }), /has no file tiny\.guf\.gguf\. .*q\/tiny\.gguf/);
    await assertRefused(pull({ file: 'pytorch_model.bin' }), /pickle.*never taken/, UsageError);
    await assertRefused(pull({ file: 'model.safetensors' }), /name one \.gguf/, UsageError);
    await assertRefused(pull({ sha256: 'abc', file: 'q/tiny.gguf' }), /64 hexadecimal digits/, UsageError);
    await assertRefused(pull({ sha256: '0'.repeat(64) }), /for one file/, UsageError);
    await assertRefused(pull({}, './nothing.gguf'), /no file or folder \.\/nothing\.gguf/, UsageError);
    for (const [status, pattern] of [
      [403, /accept its terms/],
      [503, /answered 503/],
      [429, /wait/],
    ] as const) {
      hub.faults.status = status;
      await assertRefused(pull(), pattern);
    }
    await hub.close();
    await assertRefused(pull(), /Cannot reach .*ECONNREFUSED/);
  });

  it('refuses repositories with pickled weights, and names the .gguf files of others', async () => {
    files.delete('model.safetensors');
    try {
      await assertRefused(pull(), /holds \.gguf files: choose one with --file, such as q\/tiny\.gguf/);
      const gguf = files.get('q/tiny.gguf') as Uint8Array;
      files.delete('q/tiny.gguf');
      await assertRefused(pull(), /pytorch_model\.bin only: pickle/);
      files.set('q/tiny.gguf', gguf);
    } finally {
      files.set('model.safetensors', weights);
    }
  });

  it('stops by the signal and keeps what came', async () => {
    const stop = new AbortController();
    const report = (): void => stop.abort();
    await assertRefused(
      pull({ signal: stop.signal, progress: { report, log: () => undefined } }),
      /goes on/,
      StoppedError,
    );
  });
});
