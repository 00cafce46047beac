import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { StringTable } from './string-table.js';

describe('StringTable', () => {
  it('gives back any strings', () => {
    // Lone surrogates have no UTF-8; an importer never makes one.
    const strings = fc.array(fc.string({ unit: 'grapheme', maxLength: 60 }), { maxLength: 100 });
    fc.assert(
      fc.property(strings, (list) => {
        const table = StringTable.from(list, list.length);
        assert.equal(table.length, list.length);
        list.forEach((text, i) => {
          assert.equal(table.get(i), text);
          assert.equal(table.indexOf(text), list.indexOf(text));
        });
      }),
    );
  });

  it('grows for long strings', () => {
    const long = '漢'.repeat(50_000);
    const table = StringTable.from(['a', long, 'b'], 3);
    assert.deepEqual([table.get(0), table.get(1) === long, table.get(2)], ['a', true, 'b']);
  });

  it('does not know what it does not hold', () => {
    assert.equal(StringTable.from(['a'], 1).indexOf('b'), undefined);
    assert.equal(StringTable.from([], 0).indexOf(''), undefined);
  });
});
