import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { type CocoOptions, type CocoRun, runCoco } from './testing/run-coco.js';
import { writeTinyConfig, writeTinySet } from './testing/tiny-set.js';

interface Result {
  readonly protocol: Record<string, unknown>;
  readonly test: Record<string, number>;
  readonly validation: Record<string, number>;
  readonly seconds: number;
}

describe('coco, as a process', function () {
  this.timeout(120_000);
  let folder = '';

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'coco-cli-'));
    await writeTinySet(folder);
    await writeTinyConfig(folder, 'base.yaml', ['output: runs/base']);
  });

  after(() => rm(folder, { recursive: true, force: true }));

  const coco = (args: readonly string[], options: Partial<CocoOptions> = {}): Promise<CocoRun> =>
    runCoco(args, { folder, ...options });

  const read = async <T>(path: string): Promise<T> => JSON.parse(await readFile(join(folder, path), 'utf8')) as T;

  /** One clear line, no stack trace. */
  function assertRefused(run: CocoRun, code: number, pattern: RegExp): void {
    assert.equal(run.code, code, run.errors);
    const lines = run.errors.trim().split('\n').filter((line) => line.startsWith('coco: '));
    assert.equal(lines.length, 1, run.errors);
    assert.match(lines[0], pattern);
    assert.doesNotMatch(run.errors, /^ {4}at |Unexpected error/m);
  }

  describe('train', () => {
    it('writes result.json as the contract says, and a report', async () => {
      const run = await coco(['train', 'base.yaml']);
      assert.equal(run.code, 0, run.errors);
      const result = await read<Result>('runs/base/result.json');
      for (const key of ['recall@5', 'ndcg@5', 'recall@10', 'ndcg@10']) {
        assert.equal(typeof result.test[key], 'number', key);
        assert.equal(typeof result.validation[key], 'number', key);
      }
      assert.equal(result.protocol.filter, 'none');
      assert.equal(result.protocol.items, 30);
      assert.ok(result.seconds > 0);
      assert.match(run.output, /R@5 +\d\.\d{4}/);
      assert.match(await readFile(join(folder, 'runs/base/report.html'), 'utf8'), /<svg /);
    });

    it('stops at Ctrl-C with 130, and goes on to the very result of an unbroken run', async () => {
      await writeTinyConfig(folder, 'long.yaml', ['output: runs/stopped']);
      const long = ['train', 'long.yaml', '--set', 'train.epochs=12', '--set', 'train.warmEpochs=6'];
      const stopped = await coco(long, { stopAt: /joint epoch 1:/ });
      assertRefused(stopped, 130, /checkpoint is saved: the same command goes on/);
      await assert.rejects(stat(join(folder, 'runs/stopped/result.json')));
      const resumed = await coco(long);
      assert.equal(resumed.code, 0, resumed.errors);
      const unbroken = await coco([...long, '--set', 'output=runs/unbroken']);
      assert.equal(unbroken.code, 0, unbroken.errors);
      const [a, b] = await Promise.all(['stopped', 'unbroken'].map((name) => read<Result>(`runs/${name}/result.json`)));
      assert.deepEqual(a.test, b.test);
      assert.deepEqual(a.validation, b.validation);
      const weights = await Promise.all(['stopped', 'unbroken'].map((name) => tensorBytes(`runs/${name}`)));
      assert.ok(weights[0].length > 1000);
      assert.ok(weights[0].equals(weights[1]), 'the weights differ');
    });

    it('does not overwrite the run of another config', async () => {
      assertRefused(await coco(['train', 'base.yaml', '--set', 'seed=9']), 2, /runs\/base holds a run of another config/);
    });
  });

  /** The tensors of the saved model; the header before them holds the output folder. */
  async function tensorBytes(run: string): Promise<Buffer> {
    const bytes = await readFile(join(folder, run, 'model.safetensors'));
    return bytes.subarray(8 + Number(bytes.readBigUInt64LE(0)));
  }

  describe('evaluate', () => {
    it('gives the figures of the run folder again', async () => {
      const run = await coco(['evaluate', 'runs/base', '--json']);
      assert.equal(run.code, 0, run.errors);
      const { test } = JSON.parse(run.output) as Result;
      assert.deepEqual(test, (await read<Result>('runs/base/result.json')).test);
    });

    it('says what is missing', async () => {
      assertRefused(await coco(['evaluate', 'runs/nothing']), 2, /no file or folder runs\/nothing/);
      assertRefused(await coco(['evaluate', 'tiny']), 1, /no trained model/);
    });
  });

  describe('compare', () => {
    it('trains each method and seed once, and keeps what is finished', async () => {
      const line = ['compare', 'base.yaml', '--fusions', 'none', '--seeds', '2', '--set', 'output=runs/compared'];
      const first = await coco(line);
      assert.equal(first.code, 0, first.errors);
      assert.match(first.output, /preliminary/);
      const comparison = await read<{ methods: { name: string; runs: unknown[] }[] }>('runs/compared/comparison.json');
      assert.deepEqual(comparison.methods.map(({ name, runs }) => [name, runs.length]), [['none', 2]]);
      const second = await coco(line);
      assert.equal(second.code, 0, second.errors);
      assert.equal(second.errors.match(/already finished, kept/g)?.length, 2);
      assert.doesNotMatch(second.errors, /starting/);
      assert.deepEqual(await read('runs/compared/comparison.json'), comparison);
    });

    it('names a fusion that does not exist, and one that wants a language model, before it trains', async () => {
      assertRefused(await coco(['compare', 'base.yaml', '--fusions', 'none,cocoo']), 2, /Did you mean "coco"/);
      assertRefused(await coco(['compare', 'base.yaml', '--fusions', 'none,concat']), 2, /needs a language model/);
    });
  });

  describe('recommend', () => {
    it('answers a history of nobody known, and skips unknown items aloud', async () => {
      const run = await coco(['recommend', 'runs/base', '--history', 'i1,unheard-of,i2', '-k', '3', '--json']);
      assert.equal(run.code, 0, run.errors);
      const { items } = JSON.parse(run.output) as { items: { item: string; score: number }[] };
      assert.equal(items.length, 3);
      assert.ok(items.every(({ item, score }) => /^i\d+$/.test(item) && Number.isFinite(score)));
      assert.match(run.errors, /Skipped.*"unheard-of"/);
    });

    it('answers one line for each line of standard input, empty histories too', async () => {
      const run = await coco(['recommend', 'runs/base', '-k', '2'], { input: '["i1"]\n{"history":[]}\n' });
      assert.equal(run.code, 0, run.errors);
      const lines = run.output.trim().split('\n').map((line) => JSON.parse(line) as { items: unknown[] });
      assert.deepEqual(lines.map(({ items }) => items.length), [2, 2]);
    });

    it('names file and line of a broken history', async () => {
      await writeFile(join(folder, 'broken.jsonl'), '["i1"]\n["i2"\n');
      assertRefused(await coco(['recommend', 'runs/base', '--file', 'broken.jsonl']), 2, /broken\.jsonl, line 2/);
    });
  });

  describe('bad input', () => {
    const refuse = (name: string, line: readonly string[], code: number, pattern: RegExp): void => {
      it(name, async () => assertRefused(await coco(line), code, pattern));
    };
    const train = (...sets: string[]): string[] => ['train', 'base.yaml', ...sets.flatMap((set) => ['--set', set])];
    const fresh = 'output=runs/bad';

    refuse('missing config file', ['train', 'no.yaml'], 2, /no config file no\.yaml/);
    refuse('misspelt top key', train('sede=1'), 2, /"sede".*"seed"/);
    refuse('misspelt key of train', train('train.epoch=1'), 2, /"train\.epoch".*"epochs"/);
    refuse('misspelt key of a unit', train(fresh, 'backbone.dimenson=8'), 2, /"backbone\.dimenson".*"dimension"/);
    refuse('wrong value', train('train.epochs=none'), 2, /"train\.epochs"/);
    refuse('unknown backbone', train(fresh, 'backbone.id=sasrek'), 2, /sasrek.*"sasrec"/);
    refuse('unknown engine', train(fresh, 'engine=wsm'), 2, /"wsm".*"wasm"/);
    refuse('unknown format', train(fresh, 'data.format=recbol'), 2, /recbol.*recbole/);
    refuse('--set without a value', train('seed'), 2, /--set seed/);
    refuse('unknown command', ['trian', 'base.yaml'], 2, /unknown command 'trian'.*train/);
    refuse('unknown sub-command', ['data', 'inspekt'], 2, /unknown command 'inspekt'.*inspect/);
    refuse('unknown option', ['train', 'base.yaml', '--sett', 'a=1'], 2, /unknown option '--sett'.*--set/);
    refuse('missing argument', ['train'], 2, /missing required argument/);
    refuse('wrong number', ['compare', 'base.yaml', '--seeds', 'three'], 2, /whole number/);

    it('broken YAML, with its line', async () => {
      await writeFile(join(folder, 'broken.yaml'), 'seed: 1\ntrain: { epochs: 3\n');
      assertRefused(await coco(['train', 'broken.yaml']), 2, /broken\.yaml, line \d/);
    });

    it('damaged checkpoint and damaged model', async () => {
      await writeTinyConfig(folder, 'torn.yaml', ['output: runs/torn']);
      assert.equal((await coco(['train', 'torn.yaml'])).code, 0);
      for (const name of ['checkpoint.safetensors', 'model.safetensors']) {
        const path = join(folder, 'runs/torn', name);
        await writeFile(path, (await readFile(path)).subarray(0, 500));
      }
      assertRefused(await coco(['train', 'torn.yaml']), 1, /checkpoint\.safetensors is damaged/);
      assertRefused(await coco(['evaluate', 'runs/torn']), 1, /model\.safetensors is damaged/);
    });

    it('an output folder that cannot be written', async () => {
      await writeFile(join(folder, 'a-file'), '');
      assertRefused(await coco(train('output=a-file/run')), 1, /a-file.*folder/);
    });

    it('a disk that is full: said so, and the same command goes on when there is room', async function () {
      if (!(await stat('/dev/full').catch(() => undefined))) this.skip(); // the device exists on Linux
      await writeTinyConfig(folder, 'full.yaml', ['output: runs/full']);
      await mkdir(join(folder, 'runs/full'), { recursive: true });
      const metrics = join(folder, 'runs/full/metrics.jsonl');
      await symlink('/dev/full', metrics);
      assertRefused(await coco(['train', 'full.yaml']), 1, /metrics\.jsonl: the disk is full/);
      await rm(metrics);
      const again = await coco(['train', 'full.yaml']);
      assert.equal(again.code, 0, again.errors);
      assert.deepEqual((await read<Result>('runs/full/result.json')).test, (await read<Result>('runs/base/result.json')).test);
    });
  });

  describe('data that is not as it should be', () => {
    const header = 'user_id:token\titem_id:token\ttimestamp:float';
    const withData = async (name: string, content: string): Promise<CocoRun> => {
      await mkdir(join(folder, name), { recursive: true });
      await writeFile(join(folder, name, `${name}.inter`), content);
      return coco(['train', 'base.yaml', '--set', `data={format: recbole, path: ${name}}`, '--set', `output=runs/${name}`]);
    };

    it('missing data', async () => {
      const run = await coco(['train', 'base.yaml', '--set', 'data.path=nowhere', '--set', 'output=runs/nowhere']);
      assert.ok(run.code === 1 || run.code === 2, run.errors);
      assertRefused(run, run.code, /nowhere/);
    });

    it('empty file', async () => {
      const run = await withData('empty', '');
      assertRefused(run, 1, /empty/);
    });

    it('wrong header', async () => {
      const run = await withData('headed', 'a\tb\tc\nu\ti\t1\n');
      assert.ok(run.code === 1 || run.code === 2, run.errors);
      assertRefused(run, run.code, /headed\.inter/);
    });

    it('broken line, with its number', async () => {
      const run = await withData('lined', `${header}\nu1\ti1\t1\nu1\ti2\n`);
      assertRefused(run, 1, /lined\.inter, line 3/);
    });
  });

  describe('help', () => {
    it('has examples in every command', async () => {
      const lines = ['train', 'evaluate', 'compare', 'recommend', 'list', 'demo', 'data inspect', 'data import'];
      lines.push('data simulate', 'model inspect', 'model pull', 'model check', 'engine install', 'engine status');
      for (const line of lines) {
        const run = await coco([...line.split(' '), '--help']);
        assert.equal(run.code, 0, line);
        assert.match(run.output, /Examples:\n {2}\$ coco /, line);
      }
    });

    it('lists every fusion, and the keys of one', async () => {
      const run = await coco(['list', 'fusions']);
      for (const id of ['none', 'text', 'concat', 'mlp', 'coco']) assert.match(run.output, new RegExp(`fusion +${id} `));
      assert.match((await coco(['list', 'backbone', 'sasrec'])).output, /dimension +64 /);
    });

    it('prints the version', async () => {
      assert.match((await coco(['--version'])).output, /^\d+\.\d+\.\d+\n$/);
    });
  });
});
