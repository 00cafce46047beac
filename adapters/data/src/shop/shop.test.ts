import assert from 'node:assert/strict';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { Random, leaveOneOut } from '@coco-rec/core';
import { hasher, load, textOf, useFolder } from '../testing.test.js';
import { ShopConfig } from './config.js';
import { shop } from './shop.js';
import { simulateShop } from './simulate.js';
import { writeShop } from './write-shop.js';

const small = { items: 60, users: 40, tastes: 16, seed: 3 };

describe('shop', function () {
  this.timeout(60_000);
  const at = useFolder();

  it('is the same for the same config, and another for another seed', async () => {
    const [one, same, other] = await Promise.all([
      load(shop, small),
      load(shop, { ...small }),
      load(shop, { ...small, seed: 4 }),
    ]);
    assert.equal(one.dataset.hash, same.dataset.hash);
    assert.notEqual(one.dataset.hash, other.dataset.hash);
  });

  it('has every user with at least 3 different items, of the mean length asked for', () => {
    const { histories } = simulateShop({ items: 500, users: 4000, tastes: 16, meanLength: 7 });
    const { offsets, sequence } = histories;
    assert.ok(Math.abs(sequence.length / 4000 - 7) < 0.2);
    for (let user = 0; user < 4000; user++) {
      const own = sequence.subarray(offsets[user], offsets[user + 1]);
      assert.ok(own.length >= 3 && new Set(own).size === own.length);
    }
  });

  it('has the first users of a larger shop in a smaller one', () => {
    const [few, many] = [simulateShop(small), simulateShop({ ...small, users: 80 })];
    assert.deepEqual(
      [...few.histories.sequence],
      [...many.histories.sequence.subarray(0, few.histories.sequence.length)],
    );
  });

  it('takes the parts that `text` names', async () => {
    const both = (await load(shop, { ...small, text: ['title', 'description'] })).dataset;
    const title = (await load(shop, small)).dataset;
    const item = simulateShop(small).catalogue[0];
    assert.equal(textOf(title, 'i0001'), item.title);
    assert.equal(textOf(both, 'i0001'), `${item.title}. ${item.description}`);
    await assert.rejects(load(shop, { text: ['name'] }), { name: 'UsageError', message: /"data\.text"/ });
  });

  it('takes the smallest sizes, and refuses those that do not fit', async () => {
    const { dataset } = await load(shop, {
      items: 5,
      users: 4,
      meanLength: 5,
      tastes: 1,
      complementShare: 1,
    });
    assert.equal(leaveOneOut(dataset).test.users.length, 4);
    await assert.rejects(load(shop, { items: 5, meanLength: 9 }), {
      name: 'UsageError',
      message: /does not fit 5 items/,
    });
    await assert.rejects(load(shop, { item: 5 }), /Unknown config key "data\.item"\. Did you mean "items"\?/);
  });

  it('has the default shop in one file of a known hash, which reads back as the same data', async () => {
    const hash = await writeShop({}, at('shop.jsonl'), hasher);
    assert.equal(hash, 'ae793a61324a1277409825ecdec45d45d2f122323a45c3bc2288544eab6b69ae');
    assert.equal(hash, hasher.sha256(await readFile(at('shop.jsonl'))));
    assert.deepEqual(await readdir(at('.')), ['shop.jsonl']);
    const [read, made] = [await load(shop, { path: at('shop.jsonl') }), await load(shop, {})];
    assert.equal(read.dataset.hash, made.dataset.hash);
    assert.equal(read.dataset.userCount, new ShopConfig().users);
    const history = [Int32Array.of(1, 2, 3)];
    const [a, b] = await Promise.all([read, made].map(({ dataset }) => dataset.oracle!.topK(history, 20)));
    assert.deepEqual(a, b);
  });

  it('refuses a key that the file contradicts', async () => {
    await writeShop(small, at('shop.jsonl'), hasher);
    await load(shop, { path: at('shop.jsonl'), users: 40 });
    await assert.rejects(load(shop, { path: at('shop.jsonl'), users: 50 }), {
      name: 'UsageError',
      message: /"data\.users" is 50, but the shop in .*shop\.jsonl has 40: leave it out/,
    });
  });

  const breaks: [what: string, change: (lines: string[]) => string[], expected: RegExp][] = [
    [
      'cut in a line',
      (lines) => [...lines.slice(0, 70), lines[70].slice(0, 9)],
      /line 71: not a JSON object/,
    ],
    ['cut after a line', (lines) => lines.slice(0, 70), /ends after line 70: expected 101 lines/],
    ['cut among the items', (lines) => lines.slice(0, 20), /ends after line 20: expected 101 lines/],
    ['longer than promised', (lines) => [...lines, lines[100]], /line 102: one line too many/],
    [
      'of another version',
      ([first, ...rest]) => [first.replace('"version":1', '"version":2'), ...rest],
      /line 1: the shop file has version 2; this program reads version 1/,
    ],
    ['of another format', (lines) => lines.slice(1), /line 1: not a shop file/],
    [
      'without its seed',
      ([first, ...rest]) => [first.replace('"seed"', '"sead"'), ...rest],
      /line 1: the header's config has no number "seed"/,
    ],
    [
      'with items out of order',
      (lines) => [lines[0], lines[2], lines[1], ...lines.slice(3)],
      /line 2: expected item "i0001", found "i0002"/,
    ],
    [
      'with a value that is no word of ours',
      (lines) => lines.map((line) => line.replace('"season":"', '"season":"never')),
      /line 2: there is no season called "never/,
    ],
    [
      'with an unknown item',
      (lines) => lines.map((line) => line.replace('"items":["i00', '"items":["i99')),
      /line 62: there is no item "i99\d\d" in this shop/,
    ],
  ];
  for (const [what, change, message] of breaks) {
    it(`complains of a file ${what}`, async () => {
      await writeShop(small, at('shop.jsonl'), hasher);
      const lines = (await readFile(at('shop.jsonl'), 'utf8')).trimEnd().split('\n');
      await writeFile(at('shop.jsonl'), change(lines).join('\n'));
      await assert.rejects(load(shop, { path: at('shop.jsonl') }), { name: 'CocoError', message });
    });
  }

  it('says why a shop cannot be written', async () => {
    await writeFile(at('file'), '');
    await assert.rejects(writeShop(small, at('file/shop.jsonl'), hasher), {
      name: 'CocoError',
      message: /Cannot write .*shop\.jsonl: a (part of the path is a file|file stands)/,
    });
  });

  it('brings drifting tastes: the items of one user are more alike than those of two', () => {
    const { catalogue, histories } = simulateShop({ items: 400, users: 600, seed: 2 });
    const { offsets, sequence } = histories;
    const random = new Random(1);
    const alike = (a: number, b: number): number =>
      catalogue[a - 1].facets.brand === catalogue[b - 1].facets.brand ? 1 : 0;
    let [own, foreign] = [0, 0];
    for (let user = 0; user < 600; user++) {
      const at = offsets[user];
      own += alike(sequence[at], sequence[at + 1]);
      foreign += alike(sequence[at], sequence[random.integer(sequence.length)]);
    }
    assert.ok(own > 4 * foreign, `${own} against ${foreign}`);
  });
});
