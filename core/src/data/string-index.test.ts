import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { StringIndex } from './string-index.js';

describe('StringIndex', () => {
  it('numbers strings as a map of them does', () => {
    const strings = fc.array(fc.string({ unit: 'grapheme', maxLength: 5 }), { maxLength: 400 });
    fc.assert(
      fc.property(strings, (list) => {
        const index = new StringIndex();
        const expected = new Map<string, number>();
        for (const text of list) {
          assert.equal(index.find(text), expected.get(text));
          if (!expected.has(text)) expected.set(text, expected.size);
          const bytes = new TextEncoder().encode(`<${text}>`);
          assert.equal(index.add(text), expected.get(text));
          assert.equal(index.addBytes(bytes, 1, bytes.length - 1), expected.get(text));
        }
        assert.equal(index.size, expected.size);
        const table = index.toTable();
        assert.deepEqual(
          Array.from({ length: table.length }, (_, i) => table.get(i)),
          [...expected.keys()],
        );
      }),
    );
  });

  it('grows: many strings, and long ones', () => {
    const index = new StringIndex();
    for (let i = 0; i < 20_000; i++) assert.equal(index.add(`id${i}`), i);
    const long = '漢'.repeat(50_000);
    assert.equal(index.add(long), 20_000);
    for (let i = 0; i < 20_000; i++) assert.equal(index.find(`id${i}`), i);
    assert.equal(index.find(long), 20_000);
    assert.equal(index.find(long.slice(1)), undefined);
    assert.equal(index.toTable().get(20_000), long);
  });

  it('has a table of its own, which stays when the index grows', () => {
    const index = new StringIndex();
    index.add('first');
    const table = index.toTable();
    for (let i = 0; i < 5000; i++) index.add(`id${i}`);
    assert.deepEqual([table.length, table.get(0)], [1, 'first']);
  });
});
