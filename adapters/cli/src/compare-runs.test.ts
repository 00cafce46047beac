import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, it } from 'mocha';
import { ndcgAt, pairedDifference } from '@coco-rec/core';
import { type Comparison, readStoredRun } from '@coco-rec/standard';
import { type BadCase, Workshop, assertGood, assertRefused, runAll } from './testing/workshop.js';

describe('coco compare of finished runs', function () {
  this.timeout(120_000);
  let shop: Workshop;

  const train = async (name: string, ...keys: string[]): Promise<void> => {
    const overrides = [`output=runs/${name}`, ...keys].flatMap((key) => ['--set', key]);
    assertGood(await shop.coco(['train', 'base.yaml', ...overrides]));
  };
  const smaller = 'backbone.dimension=4';

  before(async () => {
    shop = await Workshop.open();
    await Promise.all([train('wide-1'), train('small-1', smaller)]);
    await Promise.all([train('wide-2', 'seed=2'), train('small-2', smaller, 'seed=2')]);
    await Promise.all([train('wide-3', 'seed=3'), train('popular', 'backbone.id=popularity')]);
    await train('seen', 'evaluate.filter=seen');
  });
  after(() => shop.close());

  it('pairs them by user and seed, the first being the baseline, and writes table and report', async () => {
    const folders = ['runs/wide-1', 'runs/small-2', 'runs/small-1', 'runs/wide-2', 'runs/wide-3'];
    const run = await shop.coco(['compare', ...folders, '--output', 'runs/both']);
    assertGood(run);
    assert.match(run.output, /R@5 over sasrec \(backbone\.dimension=8\)/);
    assert.match(
      run.output,
      /The configs differ in backbone\.dimension: a gain is that of all of it together/,
    );
    assert.match(run.errors, /runs\/wide-3 is left out: not every method has a run of seed 3/);
    const comparison = await shop.json<Comparison>('runs/both/comparison.json');
    const names = ['sasrec (backbone.dimension=8)', 'sasrec (backbone.dimension=4)'];
    assert.deepEqual([comparison.baseline, comparison.seeds], [names[0], 2]);
    assert.deepEqual(comparison.methods.map(({ name }) => name), names); // prettier-ignore
    assert.equal(comparison.methods[0].difference, undefined);
    const ranks = async (name: string): Promise<Float64Array> => {
      const stored = await readStoredRun(shop.at(`runs/${name}`));
      return Float64Array.from(stored?.ranks ?? assert.fail(name), (rank) => ndcgAt(rank, 5));
    };
    const of = (...list: string[]): Promise<Float64Array[]> => Promise.all(list.map(ranks));
    // In whatever order they were named: seed beside seed.
    const expected = pairedDifference(await of('small-2', 'small-1'), await of('wide-2', 'wide-1'));
    const { pHolm: _p, ...found } = comparison.methods[1].difference?.['ndcg@5'] ?? assert.fail('no gain');
    assert.deepEqual(found, { ...expected, interval: [...expected.interval] });
    assert.match(await readFile(shop.at('runs/both/report.html'), 'utf8'), /R@5 over sasrec/);
    // Nothing is trained, so it may be made again.
    assertGood(await shop.coco(['compare', ...folders, '--output', 'runs/both']));
  });

  it('names recommenders of different kinds by their ids', async () => {
    const run = await shop.coco(['compare', 'runs/popular', 'runs/wide-1']);
    assertGood(run);
    assert.match(run.output, /R@5 over popularity/);
    assert.match(run.output, /The configs differ in backbone: /);
    assert.doesNotMatch(run.output, /Written/);
  });

  describe('refuses in one sentence', () => {
    const bad = (name: string, pattern: RegExp, ...line: string[]): BadCase => ({
      ...{ name, pattern, code: 2 },
      line: ['compare', ...line],
    });
    const [one, other] = ['runs/wide-1', 'runs/small-1'];
    const cases = [
      bad('one folder', /runs\/wide-1 is a folder: name run folders of two methods/, one),
      bad('a folder that is not there', /There is no folder runs\/none/, one, 'runs/none'),
      bad('a config beside a folder', /base\.yaml is not a folder/, one, 'base.yaml'),
      bad('a folder without a run', /There is no finished run in tiny/, one, 'tiny'),
      bad('one method', /All 2 run folders are of one config/, one, 'runs/wide-2'),
      bad('a seed twice', /wide-1 and runs\/wide-1 are of one config and one seed, 1/, one, one, other),
      bad('no seed in common', /no seed is in all methods: .*=8\) has 1; .*=4\) has 2/, one, 'runs/small-2'),
      bad('another filter', /differ in "filter", none and seen/, one, 'runs/seen'),
      bad('options of a training', /--seeds goes with a config file/, one, other, '--seeds', '2'),
      bad('writing over a run', /runs\/small-1 is the folder of a run/, one, other, '--output', other),
      bad('--output with a config', /--output goes with run folders/, 'base.yaml', '--output', 'runs/x'),
    ];
    const run = runAll(() => shop, cases);
    for (const one of cases) {
      it(one.name, async () => assertRefused(await run(one), one.code, one.pattern));
    }
    it('ranks of another run', async () => {
      await shop.write('runs/mixed/result.json', await readFile(shop.at('runs/wide-1/result.json')));
      const ranks = await readFile(shop.at('runs/wide-1/ranks.safetensors'), 'latin1');
      const fewer = ranks.replace('[80]', '[79]').replace('[0,320]', '[0,316]').slice(0, -4);
      await shop.write('runs/mixed/ranks.safetensors', Buffer.from(fewer, 'latin1'));
      const run = await shop.coco(['compare', 'runs/mixed', other]);
      assertRefused(
        run,
        1,
        /of runs\/mixed are not of one run: the first tells of 80 users, the other of 79/,
      );
    });
  });
});
