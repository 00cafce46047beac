/** A run on vectors from files: recommended for by user id, and refused once a file is another. */
import assert from 'node:assert/strict';
import { readFile, rm } from 'node:fs/promises';
import { after, before, describe, it } from 'mocha';
import { Workshop, assertGood, assertRefused } from './testing/workshop.js';

const itemLines = Array.from({ length: 30 }, (_, item) => `i${item},${Math.cos(item)},${Math.sin(item)}`);
const items = `id,x,y\n${itemLines.join('\n')}\n`;
// User n points at item n; nobody's vector has seen anything.
const userLines = itemLines.map((line) => line.replace(/^i(\d+),/, 'u$1,0,'));
const users = `id,seenUntil,x,y\n${userLines.join('\n')}\n`;

describe('a model of vectors in files', function () {
  this.timeout(120_000);
  let shop: Workshop;

  before(async () => {
    shop = await Workshop.open();
    await shop.write(
      'vectors.yaml',
      [
        'data: { format: recbole, path: tiny, text: [title] }',
        'backbone: { id: vectors, users: users.csv, items: items.csv }',
        'engine: wasm',
        'output: runs/vectors',
        '',
      ].join('\n'),
    );
    await shop.write('items.csv', items);
    await shop.write('users.csv', users);
    assertGood(await shop.coco(['train', 'vectors.yaml']));
  });
  after(() => shop.close());

  const best = async (...args: string[]): Promise<string[]> => {
    const run = await shop.coco(['recommend', 'runs/vectors', '-k', '1', ...args]);
    assertGood(run);
    const lines = run.output.trim().split('\n');
    return lines.map((line) => (JSON.parse(line) as { items: { item: string }[] }).items[0].item);
  };

  it('serves users by their vectors: from the data, with another history, or in a file', async () => {
    assert.deepEqual(await best('--user', 'u3', '--user', 'u17'), ['i3', 'i17']);
    assert.deepEqual(await best('--user', 'u8', '--history', 'i1,i2', '--json'), ['i8']);
    await shop.write('asked.jsonl', '{"user":"u4"}\n{"user":"u9","history":["i1"]}\n');
    assert.deepEqual(await best('--file', 'asked.jsonl'), ['i4', 'i9']);
  });

  it('says for whom it has no vector', async () => {
    const words = /nothing to go by for 1 of 1: their items are in no order of preference/;
    const nobody = await shop.coco(['recommend', 'runs/vectors', '--history', 'i1,i2']);
    assertGood(nobody);
    assert.match(nobody.errors, words);
    const user = await shop.coco(['recommend', 'runs/vectors', '--user', 'u3']);
    assert.doesNotMatch(user.errors, words);
  });

  it('takes no key anew that decides what was trained', async () => {
    const run = await shop.coco(['evaluate', 'runs/vectors', '--set', 'evaluate.filter=seen']);
    assertRefused(
      run,
      2,
      /--set evaluate\.filter=seen goes with a config file; .* "vectors" nothing may be set anew/,
    );
  });

  it('names the nearest user where one is not known', async () => {
    const run = await shop.coco(['recommend', 'runs/vectors', '--user', 'u3x']);
    assertRefused(run, 2, /no user "u3x"; did you mean "u3"\?/);
    await shop.write('strangers.jsonl', '{"user":"new","history":["i1"]}\n');
    const other = await shop.coco(['recommend', 'runs/vectors', '--file', 'strangers.jsonl']);
    assertGood(other);
    assert.match(other.errors, /Not users of the data.*"new"/);
  });

  it('is refused where a file has changed or is missing, and taken again when it is back', async () => {
    await shop.write('users.csv', users.replace('u7,0,', 'u7,1,'));
    const changed = await shop.coco(['recommend', 'runs/vectors', '--user', 'u3']);
    assertRefused(
      changed,
      1,
      /runs\/vectors was made from users\.csv .* bytes and SHA-256 .*Put the old file back/,
    );
    const resumed = await shop.coco(['train', 'vectors.yaml']);
    assertRefused(resumed, 1, /runs\/vectors was made from users\.csv/);
    await shop.write('users.csv', users);
    await rm(shop.at('items.csv'));
    const missing = await shop.coco(['evaluate', 'runs/vectors']);
    assertRefused(missing, 1, /runs\/vectors needs items\.csv\. There is no file items\.csv\./);
    await shop.write('items.csv', items);
    assert.deepEqual(await best('--user', 'u3', '--json'), ['i3']);
  });

  it('shows in a comparison what was assumed of whose vectors', async () => {
    await shop.write('bare.csv', users.replace('seenUntil,', '').replace(/,0,/g, ','));
    const assumed = ['backbone.users=bare.csv', 'backbone.assumeSeenUntil=train-1', 'output=runs/assumed'];
    assertGood(await shop.coco(['train', 'vectors.yaml', ...assumed.flatMap((key) => ['--set', key])]));
    const run = await shop.coco(['compare', 'runs/vectors', 'runs/assumed', '--output', 'runs/both']);
    assertGood(run);
    const warning =
      /vectors \([^)]*assumeSeenUntil=train-1[^)]*\): Assumed, not checked \(assumeSeenUntil: train-1\)/;
    assert.match(run.output, warning);
    assert.match(await readFile(shop.at('runs/both/report.html'), 'utf8'), warning);
  });
});
