import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { csv } from './csv.js';
import { jsonl } from './jsonl.js';
import { load, sequencesOf, textOf, useFolder, writeLines } from './testing.test.js';

const quote = (field: string): string => `"${field.replaceAll('"', '""')}"`;

/** Ids as files have them: the CSV reader trims fields, and ids are not empty. */
const id = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }).filter((text) => {
  return text.trim() === text && !text.includes('\0') && !text.includes('\ufeff');
});
const rows = fc.array(fc.record({ user: id, item: id }), { minLength: 1, maxLength: 20 });

function expectedSequences(
  interactions: readonly { user: string; item: string }[],
): Record<string, string[]> {
  const expected = new Map<string, string[]>();
  for (const { user, item } of interactions) expected.set(user, [...(expected.get(user) ?? []), item]);
  return Object.fromEntries(expected);
}

describe('csv', function () {
  this.timeout(60_000);
  const at = useFolder();

  it('reads quoted fields, dates and numbers as times, texts from JSON Lines', async () => {
    await writeLines(
      at('log.csv'),
      'when,who,what',
      '2024-03-02,"Smith, Ann","a ""big"" tent"',
      '2024-03-01,"Smith, Ann",b',
      '1709424000,Bob,b',
    );
    await writeLines(
      at('items.jsonl'),
      '{"sku":"b","name":"A mat","more":"Soft.","tags":["x","y"]}',
      '{"sku":"a \\"big\\" tent","name":null}',
    );
    const keys = { columns: { user: 'who', item: 'what', time: 'when' }, items: at('items.jsonl') };
    const texts = { itemId: 'sku', text: ['name', 'more'], attributes: 'tags' };
    const { dataset } = await load(csv, { path: at('log.csv'), ...keys, ...texts });
    assert.deepEqual(sequencesOf(dataset), { 'Smith, Ann': ['b', 'a "big" tent'], Bob: ['b'] });
    assert.equal(textOf(dataset, 'b'), 'A mat. Soft.');
    assert.equal(textOf(dataset, 'a "big" tent'), '');
    assert.equal(dataset.report.counts['items without text'], 1);
    assert.equal(dataset.attributes?.count, 2);
    assert.equal(dataset.realTimes, true);
  });

  it('makes seconds of milliseconds, and says so in the report', async () => {
    await writeLines(at('log.csv'), 'user,item,time', 'u1,b,1700000000500', 'u1,a,1600000000000');
    const { dataset, logged } = await load(csv, { path: at('log.csv'), columns: { time: 'time' } });
    assert.deepEqual([...(dataset.times ?? [])], [1_600_000_000, 1_700_000_000.5]);
    assert.deepEqual(sequencesOf(dataset), { u1: ['a', 'b'] });
    assert.match(dataset.report.warnings.join(), /^log: the times are in milliseconds/);
    assert.deepEqual(logged, dataset.report.warnings);
  });

  it('reads gzip files, a byte order mark and CRLF; drops duplicates where there are times', async () => {
    const content = '\ufeffuser,item,time\r\nu1,a,1\r\nu1,a,1\r\nu1,b,2\r\n';
    await writeFile(at('log.csv.gz'), gzipSync(content));
    const timed = { columns: { time: 'time' } };
    const { dataset } = await load(csv, { path: at('log.csv.gz'), ...timed });
    assert.deepEqual(sequencesOf(dataset), { u1: ['a', 'b'] });
    assert.equal(dataset.report.counts['duplicate interactions dropped'], 1);
    assert.equal(dataset.name, 'log');
    const bare = await load(csv, { path: at('log.csv.gz') }); // without times a repetition may be meant
    assert.deepEqual(sequencesOf(bare.dataset), { u1: ['a', 'a', 'b'] });
  });

  const complaints: [what: string, content: string, expected: RegExp][] = [
    ['an empty file', '', /log\.csv is empty/],
    ['a file of a header only', 'user,item\n', /log: there is no interaction in it/],
    [
      'a misspelt column',
      'user,itme\nu1,a\n',
      /log\.csv, line 2: there is no "item"; found: user, itme\. Is "itme" meant\?/,
    ],
    ['a line with a field too few', 'user,item\nu1,a\nu2\n', /log\.csv, line 3: not valid CSV/],
    ['a line with a field too many', 'user,item\nu1,a\nu2,b,c\n', /log\.csv, line 3: not valid CSV/],
    ['a quote that is not closed', 'user,item\nu1,"a\nu2,b\n', /log\.csv, line \d: not valid CSV/],
    ['an empty id', 'user,item\nu1,a\n,b\n', /log\.csv, line 3: the user id is empty/],
  ];
  for (const [what, content, message] of complaints) {
    it(`complains of ${what}`, async () => {
      await writeFile(at('log.csv'), content);
      await assert.rejects(load(csv, { path: at('log.csv') }), { name: 'CocoError', message });
    });
  }

  it('complains of a missing file, a time that is none, a broken gzip file', async () => {
    await assert.rejects(load(csv, { path: at('none.csv') }), {
      name: 'CocoError',
      message: /There is no file/,
    });
    await writeLines(at('log.csv'), 'user,item,time', 'u1,a,1', 'u1,b,noon');
    const timed = { path: at('log.csv'), columns: { time: 'time' } };
    await assert.rejects(
      load(csv, timed),
      /log\.csv, line 3: the time "noon" is neither a number nor a date/,
    );
    await writeFile(at('bad.csv.gz'), 'no gzip');
    await assert.rejects(load(csv, { path: at('bad.csv.gz') }), {
      name: 'CocoError',
      message: /bad\.csv\.gz/,
    });
  });

  it('names an unknown key of `columns`', async () => {
    await writeLines(at('log.csv'), 'user,item', 'u1,a');
    const wrong = { path: at('log.csv'), columns: { usr: 'user' } };
    await assert.rejects(load(csv, wrong), {
      name: 'UsageError',
      message: 'Unknown config key "data.columns.usr". Did you mean "user"?',
    });
  });

  it('reads what was written', async () => {
    await fc.assert(
      fc.asyncProperty(rows, async (interactions) => {
        const lines = interactions.map(({ user, item }) => `${quote(user)},${quote(item)}\n`);
        await writeFile(at('log.csv'), `user,item\n${lines.join('')}`);
        const { dataset } = await load(csv, { path: at('log.csv') });
        assert.deepEqual(sequencesOf(dataset), expectedSequences(interactions));
      }),
      { numRuns: 60 },
    );
  });
});

describe('jsonl', function () {
  this.timeout(60_000);
  const at = useFolder();

  it('reads objects, numbers as ids, blank lines; counts unknown items', async () => {
    await writeLines(at('log.jsonl'), '{"user":1,"item":"a"}', '', '{"item":"b","user":1}');
    await writeLines(at('items.csv'), 'id,title', 'a,"A tent, big"', 'z,A ghost', 'b,""');
    const { dataset, logged } = await load(jsonl, { path: at('log.jsonl'), items: at('items.csv') });
    assert.deepEqual(sequencesOf(dataset), { 1: ['a', 'b'] });
    assert.equal(textOf(dataset, 'a'), 'A tent, big');
    assert.equal(dataset.report.counts['unknown items in the titles file'], 1);
    assert.equal(dataset.report.counts['items without text'], 1);
    assert.deepEqual(logged, ['log: 1 unknown items in the titles file.', 'log: 1 items without text.']);
    assert.equal(dataset.times, undefined);
  });

  const complaints: [what: string, lines: string[], expected: RegExp][] = [
    ['a broken line', ['{"user":"u","item":"a"}', '{"user":"u",'], /log\.jsonl, line 2: not valid JSON/],
    ['a line that is no object', ['[1, 2]'], /log\.jsonl, line 1: expected an object such as/],
    [
      'a misspelt key',
      ['{"usr":"u","item":"a"}'],
      /log\.jsonl, line 1: there is no "user"; found: usr, item\. Is "usr" meant\?/,
    ],
  ];
  for (const [what, lines, message] of complaints) {
    it(`complains of ${what}`, async () => {
      await writeLines(at('log.jsonl'), ...lines);
      await assert.rejects(load(jsonl, { path: at('log.jsonl') }), { name: 'CocoError', message });
    });
  }

  it('complains of a misspelt text column in the first line of the items', async () => {
    await writeLines(at('log.jsonl'), '{"user":"u","item":"a"}');
    await writeLines(at('items.jsonl'), '{"id":"a","titel":"A tent"}');
    const keys = { path: at('log.jsonl'), items: at('items.jsonl') };
    await assert.rejects(
      load(jsonl, keys),
      /items\.jsonl, line 1: there is no "title"; .*Is "titel" meant\?/,
    );
  });

  it('takes a 10 MB title, cut, and control characters as spaces', async () => {
    await writeLines(at('log.jsonl'), '{"user":"u","item":"a"}', '{"user":"u","item":"b"}');
    const titles = ['tent '.repeat(2_000_000), 'A\u0007tent\u001b[0m'];
    await writeLines(at('items.jsonl'), ...titles.map((title, i) => JSON.stringify({ id: 'ab'[i], title })));
    const { dataset } = await load(jsonl, { path: at('log.jsonl'), items: at('items.jsonl') });
    assert.equal(textOf(dataset, 'a'), 'tent '.repeat(200).trim());
    assert.equal(textOf(dataset, 'b'), 'A tent [0m');
  });

  it('reads what was written', async () => {
    const timed = fc.array(fc.record({ user: id, item: id, time: fc.nat() }), {
      minLength: 1,
      maxLength: 20,
    });
    await fc.assert(
      fc.asyncProperty(timed, async (interactions) => {
        await writeLines(at('log.jsonl'), ...interactions.map((row) => JSON.stringify(row)));
        const { dataset } = await load(jsonl, { path: at('log.jsonl'), columns: { time: 'time' } });
        const unique = new Map(interactions.map((row) => [JSON.stringify(row), row]));
        const sorted = [...unique.values()].sort((a, b) => a.time - b.time);
        assert.deepEqual(sequencesOf(dataset), expectedSequences(sorted));
      }),
      { numRuns: 60 },
    );
  });
});
