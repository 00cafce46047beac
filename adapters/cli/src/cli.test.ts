import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, it } from 'mocha';
import { type Result, Workshop, assertGood, assertRefused } from './testing/workshop.js';

describe('coco, as a process', function () {
  this.timeout(120_000);
  let shop: Workshop;

  before(async () => {
    shop = await Workshop.open();
  });
  after(() => shop.close());

  describe('train', () => {
    it('writes result.json as the contract says, and a report', async () => {
      const run = await shop.coco(['train', 'base.yaml']);
      assertGood(run);
      const result = await shop.json('runs/base/result.json');
      for (const key of ['recall@5', 'ndcg@5', 'recall@10', 'ndcg@10']) {
        assert.equal(typeof result.test[key], 'number', key);
        assert.equal(typeof result.validation[key], 'number', key);
      }
      assert.equal(result.protocol.filter, 'none');
      assert.equal(result.protocol.items, 30);
      assert.ok(result.seconds > 0);
      assert.match(run.output, /R@5 +\d\.\d{4}/);
      assert.match(await readFile(shop.at('runs/base/report.html'), 'utf8'), /<svg /);
      assert.doesNotMatch(run.errors, /\u001b|\r/, 'plain lines where there is no terminal');
    });

    it('does not overwrite the run of another config', async () => {
      const run = await shop.coco(['train', 'base.yaml', '--set', 'seed=9']);
      assertRefused(run, 2, /runs\/base holds a run of another config/);
    });
  });

  describe('evaluate', () => {
    it('gives the figures of the run folder again', async () => {
      const run = await shop.coco(['evaluate', 'runs/base', '--json']);
      assertGood(run);
      const { test } = JSON.parse(run.output) as Result;
      assert.deepEqual(test, (await shop.json('runs/base/result.json')).test);
    });
  });

  describe('compare', () => {
    it('trains each method and seed once, and keeps what is finished', async () => {
      const line = [
        'compare',
        'base.yaml',
        '--fusions',
        'none',
        '--seeds',
        '2',
        '--set',
        'output=runs/compared',
      ];
      const first = await shop.coco(line);
      assertGood(first);
      assert.match(first.output, /preliminary/);
      const path = 'runs/compared/comparison.json';
      const comparison = await shop.json<{ methods: { name: string; runs: unknown[] }[] }>(path);
      assert.deepEqual(
        comparison.methods.map(({ name, runs }) => [name, runs.length]),
        [['none', 2]],
      );
      const second = await shop.coco(line);
      assertGood(second);
      assert.equal(second.errors.match(/already finished, kept/g)?.length, 2);
      assert.doesNotMatch(second.errors, /starting/);
      assert.deepEqual(await shop.json(path), comparison);
      const result = 'runs/compared/none/seed-1/result.json';
      await shop.write(result, '{"test": ');
      const damaged = await shop.coco(line);
      assertRefused(damaged, 1, /none\/seed-1\/result\.json is damaged: it holds no JSON object/);
    });
  });

  describe('recommend', () => {
    it('takes users of the data by id, with their own history or another', async () => {
      const lines = await readFile(shop.at('tiny/tiny.inter'), 'utf8');
      const own = [...lines.matchAll(/^u5\t(\S+)/gm)].map(([, item]) => item);
      const ask = async (...args: string[]): Promise<{ items: unknown; user?: string }[]> => {
        const run = await shop.coco(['recommend', 'runs/base', '-k', '3', ...args]);
        assertGood(run);
        const printed = run.output.trim().split('\n');
        return printed.map((line) => JSON.parse(line) as { items: unknown; user?: string });
      };
      const [[byHistory], byUser] = [
        await ask('--history', own.join(), '--json'),
        await ask('--user', 'u5', '--user', 'u6'),
      ];
      assert.deepEqual(
        byUser.map(({ user }) => user),
        ['u5', 'u6'],
      );
      assert.deepEqual(byUser[0].items, byHistory.items);
      assert.notDeepEqual(byUser[1].items, byHistory.items);
      const table = await shop.coco(['recommend', 'runs/base', '--user', 'u5']);
      assertGood(table);
      assert.match(table.output, /^Recommended/);
    });

    it('answers a history of nobody known, and skips unknown items aloud', async () => {
      const run = await shop.coco([
        'recommend',
        'runs/base',
        '--history',
        'i1,unheard-of,i2',
        '-k',
        '3',
        '--json',
      ]);
      assertGood(run);
      const { items } = JSON.parse(run.output) as { items: { item: string; score: number }[] };
      assert.equal(items.length, 3);
      assert.ok(items.every(({ item, score }) => /^i\d+$/.test(item) && Number.isFinite(score)));
      assert.match(run.errors, /Skipped.*"unheard-of"/);
    });

    it('answers one line for each line of standard input, empty histories too', async () => {
      const run = await shop.coco(['recommend', 'runs/base', '-k', '2'], {
        input: '["i1"]\n{"history":[]}\n',
      });
      assertGood(run);
      const lines = run.output
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { items: unknown[] });
      assert.deepEqual(
        lines.map(({ items }) => items.length),
        [2, 2],
      );
    });

    it('ends well when its reader has enough', async () => {
      const input = '["i1"]\n'.repeat(3000);
      const run = await shop.coco(['recommend', 'runs/base'], {
        input,
        behind: '| head -n 1; exit ${PIPESTATUS[0]}',
      });
      assertGood(run);
      assert.equal(run.output.trim().split('\n').length, 1);
      assert.equal(run.errors.trim(), '');
    });
  });
});
