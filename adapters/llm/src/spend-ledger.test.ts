import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { CocoError } from '@coco-rec/core';
import { FileSpendLedger } from './spend-ledger.js';
import { TemporaryFolder } from './testing/temporary-folder.js';

describe('FileSpendLedger', () => {
  const folder = new TemporaryFolder();
  after(() => folder.remove());

  it('adds up each account over instances and starts; what is not settled counts at its worst', () => {
    const path = folder.at('plain');
    const [one, two] = [new FileSpendLedger(path), new FileSpendLedger(path)];
    assert.deepEqual(one.spent('a'), { cost: 0, requests: 0 });
    const settle = one.begin('a', 0.5);
    two.begin('a', 0.25)(0.125);
    two.begin('b', 4)(3);
    two.begin('b', 4)(0); // not charged
    for (const ledger of [one, two, new FileSpendLedger(path)]) {
      assert.deepEqual(ledger.spent('a'), { cost: 0.625, requests: 2 });
      assert.deepEqual(ledger.spent('b'), { cost: 3, requests: 1 });
    }
    settle(0.25);
    for (const ledger of [one, two, new FileSpendLedger(path)]) {
      assert.deepEqual(ledger.spent('a'), { cost: 0.375, requests: 2 });
    }
  });

  it('knows of a request before it is sent, and a settlement that was cut off leaves it at its worst', () => {
    const path = folder.at('cut');
    const file = join(path, 'spend.jsonl');
    const ledger = new FileSpendLedger(path);
    const settle = ledger.begin('a', 0.5);
    const noted = readFileSync(file).length;
    settle(0.25);
    assert.equal(new FileSpendLedger(path).spent('a').cost, 0.25);
    truncateSync(file, readFileSync(file).length - 3);
    assert.ok(readFileSync(file).length > noted);
    const later = new FileSpendLedger(path);
    assert.equal(later.spent('a').cost, 0.5);
    later.begin('a', 1)(1);
    appendFileSync(file, 'something else\n');
    assert.deepEqual(new FileSpendLedger(path).spent('a'), { cost: 1.5, requests: 2 });
  });

  it('says in a sentence that its file cannot be used', () => {
    const file = folder.write('a file', 'not a folder');
    assert.throws(
      () => new FileSpendLedger(file).begin('a', 1),
      (error: Error) =>
        error instanceof CocoError && /spend\.jsonl cannot be written: .*\.$/.test(error.message),
    );
  });
});
