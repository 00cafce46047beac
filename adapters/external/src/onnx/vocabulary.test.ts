import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CocoError, UsageError } from '@coco-rec/core';
import { testDataset } from '@coco-rec/core/testing';
import { paddingWarnings, readVocabulary } from './vocabulary.js';

const folder = mkdtempSync(join(tmpdir(), 'coco-vocabulary-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const { items } = testDataset();
const path = join(folder, 'vocabulary.csv');

function read(...lines: string[]): Promise<Int32Array> {
  writeFileSync(path, `${['id,number', ...lines].join('\n')}\n`);
  return readVocabulary(path, items);
}

describe('a vocabulary', () => {
  it('gives the numbers as they are, those above 2^24 too', async () => {
    const numbers = await read('item1,16777217', '[PAD],0', 'item2,2147483647', 'item3,7.0', 'item3,7');
    assert.deepEqual([...numbers.slice(0, 5)], [-1, 16777217, 2147483647, 7, -1]);
  });

  const wrong: [string, string[], RegExp][] = [
    [
      'an id with two numbers',
      ['item1,1', 'item1,2'],
      /line 3: "item1" comes twice, with the numbers 1 and 2/,
    ],
    ['a number of two ids', ['item1,1', 'item2,1'], /line 3: "item2" has the number 1 of "item1"/],
    ['a fraction', ['item1,1.5'], /line 2: the number of "item1" is 1\.5; it should be 0, 1, 2/],
    ['a negative number', ['item1,-1'], /line 2: the number of "item1" is -1/],
    ['a number that no item number can be', ['item1,2147483648'], /is 2147483648; .* below 2147483648/],
    ['no number', ['item1,'], /line 2: the number of "item1" is missing/],
    ['no id', [',1'], /line 2: an id is missing/],
    ['no rows', [], /holds no rows/],
  ];
  for (const [what, lines, words] of wrong) {
    it(`with ${what} is refused`, () =>
      assert.rejects(read(...lines), (error: unknown) => {
        assert.ok(error instanceof CocoError, String(error));
        assert.match(error.message, words);
        return true;
      }));
  }

  it('with a third column is refused', async () => {
    writeFileSync(path, 'id,number,name\nitem1,1,a\n');
    await assert.rejects(readVocabulary(path, items), /has two columns/);
  });

  it('that is missing, or a folder, is named as such', async () => {
    const missing = join(folder, 'nowhere.csv');
    await assert.rejects(readVocabulary(missing, items), new UsageError(`There is no file ${missing}.`));
    await assert.rejects(readVocabulary(folder, items), new UsageError(`${folder} is not a file.`));
  });

  it('warns of an item with the number of padding', async () => {
    const numbers = await read('item1,0', 'item2,1');
    assert.deepEqual(paddingWarnings(path, numbers, 2, items), []);
    const [warning] = paddingWarnings(path, numbers, 0, items);
    assert.match(warning, /gives "item1" the number of padding, 0; .* set "backbone\.paddingNumber"/);
  });
});
