import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, it } from 'mocha';
import { type Result, Workshop, assertGood, assertRefused } from './testing/workshop.js';

const start = 1_700_000_000;
const day = 86_400;
const iso = (time: number): string => new Date(time * 1000).toISOString();

/** 40 users in turn, 8 items each, an interaction an hour; then one who comes on the last day only. */
function lines(): string[] {
  const visits = Array.from(
    { length: 320 },
    (_, i) => `u${i % 40},i${(i * 7) % 30},${iso(start + 3600 * i)}`,
  );
  const last = start + 20 * day;
  return [...visits, `late,i1,${iso(last)}`, `late,new,${iso(last + 60)}`, `u3,new,${iso(last + 120)}`];
}

const byTime = ['--set', 'evaluate.split=global-time'];

describe('coco with a global time split', function () {
  this.timeout(120_000);
  let shop: Workshop;

  before(async () => {
    shop = await Workshop.open();
    await shop.write('log.csv', `user,item,time\n${lines().join('\n')}\n`);
    await shop.config('log.yaml', 'output: runs/log');
    const base = await readFile(shop.at('log.yaml'), 'utf8');
    const data = 'data: { format: csv, path: log.csv, columns: { time: time } }';
    await shop.write('log.yaml', base.replace(/^data:.*$/m, data));
  });
  after(() => shop.close());

  it('tells before training what it would hold out', async () => {
    const run = await shop.coco([
      'data',
      'inspect',
      'log.yaml',
      ...byTime,
      '--set',
      'evaluate.testShare=0.2',
    ]);
    assertGood(run);
    // 323 interactions: the last 65 are for test, the 32 before them for validation.
    assert.match(run.output, /global time split, training +226 interactions/i);
    assert.ok(run.output.includes(`32 users, from ${iso(start + 3600 * 226)}`), run.output);
    assert.ok(run.output.includes(`40 users, 0 cold targets, from ${iso(start + 3600 * 258)}`), run.output);
  });

  it('trains, says who is left out, names the cuts in result and report, and recommends', async () => {
    const run = await shop.coco(['train', 'log.yaml', ...byTime]);
    assertGood(run);
    const [validationFrom, testFrom] = [iso(start + 3600 * 259), iso(start + 3600 * 291)];
    assert.ok(
      run.errors.includes(`Global time split: training is all before ${validationFrom}.`),
      run.errors,
    );
    assert.match(run.errors, /Test from .*: 30 users; left out are 10 users .*, 1 with none before it/);
    assert.match(run.errors, /1 of 30 test targets are cold/);
    const result = await shop.json('runs/log/result.json');
    const expected = { validationFrom, testFrom, trainingInteractions: 259, evaluatedUsers: 30, usersWithoutTestTarget: 10, usersWithoutHistoryBeforeTest: 1, coldTestTargets: 1, validationUsers: 32 }; // prettier-ignore
    for (const [key, value] of Object.entries(expected)) assert.equal(result.protocol[key], value, key);
    assert.equal(typeof result.test['recall@5'], 'number');
    const report = await readFile(shop.at('runs/log/report.html'), 'utf8');
    assert.ok(report.includes(`split: global by time`) && report.includes(validationFrom));
    const again = await shop.coco(['evaluate', 'runs/log', '--json']);
    assertGood(again);
    assert.deepEqual((JSON.parse(again.output) as Result).test, result.test);
    const found = await shop.coco(['recommend', 'runs/log', '--user', 'late', '--json', '-k', '3']);
    assertGood(found);
    assert.equal((JSON.parse(found.output) as { items: unknown[] }).items.length, 3);
  });

  it('never takes what another split has trained', async () => {
    assertRefused(await shop.coco(['train', 'log.yaml']), 2, /runs\/log holds a run of another config/);
    const other = await shop.coco(['evaluate', 'log.yaml']);
    assertRefused(other, 2, /trained with "evaluate.split: global-time".*"leave-one-out" holds out/);
  });

  it('compares under it', async () => {
    const line = ['compare', 'log.yaml', '--fusions', 'none', '--seeds', '1', ...byTime];
    assertGood(await shop.coco([...line, '--set', 'output=runs/compared']));
    const { protocol } = await shop.json('runs/compared/comparison.json');
    assert.equal(protocol.validationFrom, iso(start + 3600 * 259));
  });

  it('is refused where times are ranks, or there are none', async () => {
    const ranks = await shop.coco(['train', 'base.yaml', ...byTime, '--set', 'output=runs/ranks']);
    assertRefused(ranks, 2, /times of tiny are ranks within each user.*"evaluate.split: leave-one-out"/);
    const none = ['train', 'log.yaml', ...byTime, '--set', 'data.columns={}', '--set', 'output=runs/none'];
    assertRefused(await shop.coco(none), 2, /has no times.*"evaluate.split: leave-one-out"/);
  });
});
