import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { after, before, describe, it } from 'mocha';
import { Workshop, assertGood } from './testing/workshop.js';

describe('coco data', function () {
  this.timeout(120_000);
  let shop: Workshop;

  before(async () => {
    shop = await Workshop.open();
  });
  after(() => shop.close());

  it('imports CSV into files that give the same data set', async () => {
    const lines = (await readFile(shop.at('tiny/tiny.inter'), 'utf8')).trim().split('\n').slice(1);
    await shop.write(
      'clicks.csv',
      `who,what,when\n${lines.map((line) => line.replaceAll('\t', ',')).join('\n')}\n`,
    );
    const keys = ['--set', 'data.columns={user: who, item: what, time: when}'];
    assertGood(await shop.coco(['data', 'import', 'clicks.csv', '--out', 'data/clicks', ...keys]));
    const [csv, recbole] = await Promise.all([
      shop.coco(['data', 'inspect', 'clicks.csv', ...keys, '--json']),
      shop.coco(['data', 'inspect', 'data/clicks', '--json']),
    ]);
    assertGood(csv);
    assertGood(recbole);
    const hashOf = (text: string): unknown => (JSON.parse(text) as { hash: unknown }).hash;
    assert.equal(typeof hashOf(csv.output), 'string');
    assert.equal(hashOf(recbole.output), hashOf(csv.output));
  });

  it('inspects what a config names', async () => {
    const run = await shop.coco(['data', 'inspect', 'base.yaml']);
    assertGood(run);
    for (const figure of [/users +80\n/i, /items +30\n/i]) assert.match(run.output, figure);
  });

  it('simulates a shop, prints its SHA-256, and can train on it', async () => {
    const size = ['--items', '60', '--users', '90', '--mean-length', '6', '--seed', '4'];
    const run = await shop.coco(['data', 'simulate', ...size, '--out', 'made.shop.jsonl']);
    assertGood(run);
    const sha256 = createHash('sha256')
      .update(await readFile(shop.at('made.shop.jsonl')))
      .digest('hex');
    assert.equal(run.output, `${sha256}  made.shop.jsonl\n`);
    const again = await shop.coco(['data', 'simulate', ...size, '--out', 'again.shop.jsonl']);
    assert.equal(again.output.split(' ')[0], sha256);
    const told = await shop.coco(['data', 'inspect', 'made.shop.jsonl']);
    assertGood(told);
    assert.match(told.output, /items +60\n/i);
    const data = '--set=data={format: shop, path: made.shop.jsonl}';
    assertGood(await shop.coco(['train', 'base.yaml', data, '--set', 'output=runs/made']));
  });
});
