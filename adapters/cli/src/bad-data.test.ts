import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { type BadCase, Workshop, assertGood, assertRefused, runAll } from './testing/workshop.js';

const header = 'user_id:token\titem_id:token\ttimestamp:float\n';
const csv = (file: string, more = ''): string[] => [
  'data',
  'inspect',
  file,
  '--set',
  `data.columns={time: time${more}}`,
];

const rows: readonly (readonly [string, readonly string[], number, RegExp])[] = [
  ['missing folder', ['train', 'base.yaml', '--set', 'data.path=nowhere'], 1, /no folder .*nowhere/],
  ['missing path', ['data', 'inspect', 'nowhere.csv'], 2, /no file or folder nowhere\.csv/],
  ['a path that says nothing', ['data', 'inspect', 'what.txt'], 2, /what\.txt.*--format/],
  ['empty file', ['data', 'inspect', 'empty/empty.inter'], 1, /empty\.inter is empty/],
  ['only a header', ['data', 'inspect', 'header/header.inter'], 1, /interaction/],
  ['wrong header', ['data', 'inspect', 'wrong/wrong.inter'], 1, /wrong\.inter, line 1.*"user_id"/],
  ['broken line', ['data', 'inspect', 'line/line.inter'], 1, /line\.inter, line 3: 2 fields, expected 3/],
  ['broken time', ['data', 'inspect', 'time/time.inter'], 1, /time\.inter, line 2.*"noon"/],
  ['CSV: wrong header', csv('a.csv', ', user: userid'), 1, /a\.csv, line 2: there is no "userid".*"user"/],
  ['CSV: broken line', csv('broken.csv'), 1, /broken\.csv, line 3/],
  ['CSV: missing titles file', [...csv('a.csv'), '--set', 'data.items=no.jsonl'], 1, /no file no\.jsonl/],
  ['CSV: misspelt key', [...csv('a.csv'), '--set', 'data.itmes=x'], 2, /"data\.itmes".*"items"/],
  ['JSON Lines: broken line', ['data', 'inspect', 'broken.jsonl'], 1, /broken\.jsonl, line 2/],
  ['import of broken data', ['data', 'import', 'line', '--out', 'imported'], 1, /line\.inter, line 3/],
  [
    'import over a folder',
    ['data', 'import', 'tiny', '--out', 'taken'],
    1,
    /tiny\.inter is there already, with another content/,
  ],
  ['simulate over a file', ['data', 'simulate', '--out', 'a.csv'], 2, /a\.csv is there already.*--force/],
  [
    'simulate with a wrong number',
    ['data', 'simulate', '--items', 'many', '--out', 'b'],
    2,
    /--items.*Give a number/,
  ],
  [
    'simulate with an impossible number',
    ['data', 'simulate', '--items', '1', '--out', 'b'],
    2,
    /"data\.items"/,
  ],
];
const cases: readonly BadCase[] = rows.map(([name, line, code, pattern]) => ({ name, line, code, pattern }));

describe('data that is not as it should be', function () {
  this.timeout(120_000);
  let shop: Workshop;

  before(async () => {
    shop = await Workshop.open();
    await shop.write('what.txt', 'a');
    await shop.write('empty/empty.inter', '');
    await shop.write('header/header.inter', header);
    await shop.write('wrong/wrong.inter', 'a\tb\tc\nu\ti\t1\n');
    await shop.write('line/line.inter', `${header}u1\ti1\t1\nu1\ti2\n`);
    await shop.write('time/time.inter', `${header}u1\ti1\tnoon\n`);
    await shop.write('a.csv', 'user,item,time\nu1,i1,1\nu1,i2,2\nu1,i3,3\n');
    await shop.write('broken.csv', 'user,item,time\nu1,i1,1\nu1,"i2,2\n');
    await shop.write('broken.jsonl', '{"user":"u1","item":"i1"}\n{"user":\n');
    await shop.write('taken/tiny.inter', 'mine');
    await writeOddData(shop);
  });
  after(() => shop.close());

  describe('is refused in one sentence', () => {
    const run = runAll(() => shop, cases);
    for (const one of cases) it(one.name, async () => assertRefused(await run(one), one.code, one.pattern));
  });

  it('is counted and gone on with, where it can be', async () => {
    const run = await shop.coco(['data', 'inspect', 'odd']);
    assertGood(run);
    const counts = {
      'duplicate interactions dropped': 1,
      'unknown items in the titles file': 2,
      'items without text': 1,
    };
    for (const [what, count] of Object.entries(counts))
      assert.match(run.output, new RegExp(`${what} +${count}\\n`));
  });

  it('trains with it: short users are counted and left out, a title of 10 MB and control characters do no harm', async () => {
    const line = ['train', 'base.yaml', '--set', 'data.path=odd', '--set', 'output=runs/odd'];
    const run = await shop.coco(line);
    assertGood(run);
    assert.match(run.errors, /odd: 2 unknown items in the titles file/);
    const { protocol } = await shop.json('runs/odd/result.json');
    assert.equal(protocol.usersWithFewerThan3Interactions, 1);
    assert.equal(protocol.evaluatedUsers, 6);
    const shown = await shop.coco(['recommend', 'runs/odd', '--history', 'i1', '-k', '5']);
    assertGood(shown);
    assert.match(shown.output, /a bell/);
    assert.doesNotMatch(shown.output, /[\u0000-\u0009\u000b-\u001f\u007f]/);
  });
});

/** Six users of five items, one with two interactions, a double interaction, and titles of every bad kind. */
async function writeOddData(shop: Workshop): Promise<void> {
  const lines = [0, 1, 2, 3, 4, 5].flatMap((user) =>
    [0, 1, 2, 3].map((time) => `u${user}\ti${((user + time) % 5) + 1}\t${time}`),
  );
  const more = ['short\ti1\t1', 'short\ti2\t2', lines[0]];
  await shop.write('odd/odd.inter', `${header}${[...lines, ...more].join('\n')}\n`);
  const titles = [
    'i1\tOne',
    'i2\ta\u0007 bell, \u001b[31m red\u001b[0m and \u202Eturned',
    `i3\t${'long '.repeat(2_000_000)}`,
    'i4\t',
    'i5\tFive',
    'i77\tunknown',
    'i78\tunknown',
  ];
  await shop.write('odd/odd.item', `item_id:token\ttitle:token_seq\n${titles.join('\n')}\n`);
}
