import assert from 'node:assert/strict';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { DatasetBuilder } from '@coco-rec/core';
import { recbole } from './recbole.js';
import { hasher, load, sequencesOf, textOf, useFolder, writeLines } from './testing.test.js';
import { writeRecBole } from './write-recbole.js';

const header = 'user_id:token\titem_id:token\ttimestamp:float';

describe('recbole', function () {
  this.timeout(60_000);
  const at = useFolder();

  it('reads interactions by time and texts by column', async () => {
    await writeLines(at('x.inter'), header, 'u1\tb\t2', 'u1\ta\t1', 'u2\tb\t1', '', 'u2\tc\t1');
    await writeLines(
      at('x.item'),
      'item_id:token\ttitle:token_seq\tbrand:token\tattributes:token_seq',
      'a\tA tent\tNorvik\t1 2',
      'b\t\tNorvik\t2',
    );
    const { dataset } = await load(recbole, { path: at('.'), text: ['brand', 'title'] });
    assert.deepEqual(sequencesOf(dataset), { u1: ['a', 'b'], u2: ['b', 'c'] }); // ties keep the file's order
    assert.equal(textOf(dataset, 'a'), 'Norvik. A tent');
    assert.equal(textOf(dataset, 'b'), 'Norvik');
    assert.equal(textOf(dataset, 'c'), '');
    assert.equal(dataset.attributes?.count, 2);
    assert.equal(dataset.name, 'x');
  });

  it('reads gzip files and the path of the .inter file', async () => {
    await writeFile(at('x.inter.gz'), gzipSync(`${header}\nu1\ta\t1\nu1\tb\t2\n`));
    await writeFile(at('x.item.gz'), gzipSync('item_id:token\ttitle:token_seq\na\tA tent\n'));
    const { dataset } = await load(recbole, { path: at('x.inter.gz') });
    assert.deepEqual(sequencesOf(dataset), { u1: ['a', 'b'] });
    assert.equal(textOf(dataset, 'a'), 'A tent');
  });

  it('counts duplicates, unknown items and items without text, and goes on', async () => {
    await writeLines(at('x.inter'), header, 'u1\ta\t1', 'u1\ta\t1', 'u1\ta\t2', 'u1\tb\t3');
    await writeLines(
      at('x.item'),
      'item_id:token\ttitle:token_seq',
      'a\tA tent',
      'z\tA ghost',
      'a\tA big tent',
    );
    const { dataset, logged } = await load(recbole, { path: at('.') });
    assert.deepEqual(sequencesOf(dataset), { u1: ['a', 'a', 'b'] });
    assert.equal(dataset.report.counts['duplicate interactions dropped'], 1);
    assert.equal(dataset.report.counts['unknown items in the titles file'], 1);
    assert.equal(dataset.report.counts['items without text'], 1);
    assert.equal(textOf(dataset, 'a'), 'A big tent');
    assert.deepEqual(logged, dataset.report.warnings);
    assert.ok(
      logged.some((line) => line === 'x: 1 unknown items in the titles file.'),
      logged.join(),
    );
  });

  const complaints: [what: string, lines: string[], expected: RegExp][] = [
    [
      'a column that is misspelt',
      ['user_id:token\titems_id:token\ttimestamp:float', 'u\ti\t1'],
      /x\.inter, line 1: .*"item_id".*Is "items_id" meant\?/,
    ],
    ['a header without tabs', ['user_id,item_id', 'u,i'], /x\.inter, line 1: there is no column "user_id"/],
    [
      'a broken line',
      [header, 'u1\ta\t1', 'u1\tb'],
      /x\.inter, line 3: 2 fields, expected 3 \(tab-separated\)/,
    ],
    [
      'a time that is none',
      [header, 'u1\ta\t1', 'u1\tb\tsoon'],
      /x\.inter, line 3: the time "soon" is neither/,
    ],
    ['an empty item id', [header, 'u1\t\t1'], /x\.inter, line 2: the item id is empty/],
    ['an empty user id', [header, '\ta\t1'], /x\.inter, line 2: the user id is empty/],
    ['no interaction', [header], /x: there is no interaction in it/],
  ];
  for (const [what, lines, message] of complaints) {
    it(`complains of ${what}`, async () => {
      await writeLines(at('x.inter'), ...lines);
      await assert.rejects(load(recbole, { path: at('.') }), { name: 'CocoError', message });
    });
  }

  it('makes seconds of milliseconds, and says so in the report', async () => {
    await writeLines(at('x.inter'), header, 'u1\tb\t1700000000500', 'u1\ta\t1.6e12');
    const { dataset } = await load(recbole, { path: at('.') });
    assert.deepEqual([...(dataset.times ?? [])], [1_600_000_000, 1_700_000_000.5]);
    assert.match(dataset.report.warnings.join(), /^x: the times are in milliseconds/);
  });

  it('names the line of a broken one far into the file', async () => {
    const lines = Array.from({ length: 40_000 }, (_, i) => `user${i}\titem${i}\t${i}`);
    await writeLines(at('x.inter'), header, ...lines, 'u1\tb');
    await assert.rejects(load(recbole, { path: at('.') }), /x\.inter, line 40002: 2 fields, expected 3/);
  });

  it('counts a line of the titles file without an item id as unknown', async () => {
    await writeLines(at('x.inter'), header, 'u1\ta\t1');
    await writeLines(at('x.item'), 'title:token_seq\titem_id:token', 'A tent\ta', 'A ghost');
    const { dataset } = await load(recbole, { path: at('.') });
    assert.equal(dataset.report.counts['unknown items in the titles file'], 1);
    assert.equal(textOf(dataset, 'a'), 'A tent');
  });

  it('complains of a missing folder, a missing file, an empty file, too many files', async () => {
    await assert.rejects(load(recbole, { path: at('none') }), {
      name: 'CocoError',
      message: /There is no folder/,
    });
    await assert.rejects(load(recbole, { path: at('.') }), /has no \.inter file; expected/);
    await assert.rejects(load(recbole, { path: at('x.inter') }), /There is no file .*x\.inter/);
    await writeFile(at('x.inter'), '');
    await assert.rejects(load(recbole, { path: at('.') }), /x\.inter is empty/);
    await writeFile(at('y.inter'), '');
    await assert.rejects(load(recbole, { path: at('.') }), /has 2 \.inter files/);
  });

  it('names the nearest column of the titles file', async () => {
    await writeLines(at('x.inter'), header, 'u1\ta\t1');
    await writeLines(at('x.item'), 'item_id:token\ttitel:token_seq', 'a\tA tent');
    await assert.rejects(load(recbole, { path: at('.') }), /x\.item, line 1: .*"title".*Is "titel" meant\?/);
  });

  it('makes a hostile text safe: control characters, 10 MB', async () => {
    await writeLines(at('x.inter'), header, 'u1\ta\t1', 'u1\tb\t2');
    const long = 'tent '.repeat(2_000_000);
    await writeLines(
      at('x.item'),
      'item_id:token\ttitle:token_seq',
      'a\tA\u0000 t\u0007e\u200bnt\u001b[31m',
      `b\t${long}`,
    );
    const { dataset } = await load(recbole, { path: at('.') });
    assert.equal(textOf(dataset, 'a'), 'A t e nt [31m');
    assert.ok(textOf(dataset, 'b')!.startsWith('tent tent') && textOf(dataset, 'b')!.length <= 1000);
  });

  it('reads back what writeRecBole wrote', async () => {
    const id = fc.stringMatching(/^[^\t\n\r\0\ud800-\udfff]{1,8}$/);
    const rows = fc.array(fc.record({ user: id, item: id, time: fc.integer({ min: 0, max: 5 }) }), {
      minLength: 1,
    });
    const texts = fc.dictionary(id, fc.string());
    let run = 0;
    await fc.assert(
      fc.asyncProperty(rows, texts, async (interactions, titles) => {
        const builder = new DatasetBuilder();
        interactions.forEach(({ user, item }, i) => builder.addInteraction(user, item, i));
        for (const [item, title] of Object.entries(titles)) builder.describeItem(item, title);
        const report = { counts: {}, warnings: [] };
        const written = builder.build({ name: 'round trip', report, hasher });
        const folder = at(`run${run++}`);
        await writeRecBole(written, folder);
        const { dataset } = await load(recbole, { path: folder });
        assert.deepEqual(sequencesOf(dataset), sequencesOf(written));
        for (const { item } of interactions) assert.equal(textOf(dataset, item), textOf(written, item));
      }),
      { numRuns: 60 },
    );
  });

  it('reads the real Beauty data', async function () {
    const shared = process.env.COCO_SHARED ?? resolve(import.meta.dirname, '../../../../shared');
    const path = join(shared, 'data', 'amazon-beauty');
    if (!(await stat(path).catch(() => undefined))) {
      console.log(
        `      skipped: there is no ${path}; set COCO_SHARED to the folder that has data/amazon-beauty`,
      );
      this.skip();
    }
    const { dataset } = await load(recbole, { path });
    assert.equal(dataset.userCount, 22_363);
    assert.equal(dataset.itemCount, 12_101);
    assert.equal(dataset.sequence.length, 198_502);
    assert.equal(dataset.realTimes, false);
    assert.ok(dataset.texts!.get(1).length > 0);
  });
});

describe('writeRecBole', () => {
  const at = useFolder();
  const make = (...items: string[]) => {
    const builder = new DatasetBuilder();
    items.forEach((item) => builder.addInteraction('u1', item));
    builder.describeItem(items[0], 'A tent');
    return builder.build({ name: 'a shop/1', report: { counts: {}, warnings: [] }, hasher });
  };

  it('writes ranks where there are no times', async () => {
    const paths = await writeRecBole(make('a', 'b'), at('new'));
    assert.deepEqual(paths, [at('new/a-shop-1.inter'), at('new/a-shop-1.item')]);
    assert.equal(await readFile(paths[0], 'utf8'), `${header}\nu1\ta\t1\nu1\tb\t2\n`);
    assert.equal(await readFile(paths[1], 'utf8'), 'item_id:token\ttitle:token_seq\na\tA tent\nb\t\n');
  });

  it('leaves an equal file, refuses to overwrite another, and then writes nothing', async () => {
    const [inter] = await writeRecBole(make('a', 'b'), at('.'));
    const { mtimeMs } = await stat(inter);
    await writeRecBole(make('a', 'b'), at('.'));
    assert.equal((await stat(inter)).mtimeMs, mtimeMs);
    await assert.rejects(writeRecBole(make('a', 'c'), at('.')), {
      name: 'CocoError',
      message: /is there already/,
    });
    await mkdir(at('half'));
    await writeFile(at('half/a-shop-1.item'), 'mine');
    await assert.rejects(writeRecBole(make('a', 'b'), at('half')), /a-shop-1\.item is there already/);
    await assert.rejects(stat(at('half/a-shop-1.inter')), { code: 'ENOENT' });
    assert.equal(await readFile(at('half/a-shop-1.item'), 'utf8'), 'mine');
  });

  it('refuses an id that the format cannot hold', async () => {
    await assert.rejects(writeRecBole(make('a\tb'), at('.')), /item id "a\\tb" has a tab or a line break/);
  });
});
