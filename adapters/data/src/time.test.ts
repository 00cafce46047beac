import assert from 'node:assert/strict';
import fc from 'fast-check';
import { readTimeBytes } from './time.js';

const read = (text: string): number => {
  const bytes = new TextEncoder().encode(`7${text}7`); // digits of the neighbouring fields are not read
  return readTimeBytes(bytes, 1, bytes.length - 1, () => 'x, line 3');
};

describe('readTimeBytes', () => {
  it('gives what Number gives, to the last bit', () => {
    const digits = fc.stringMatching(/^[0-9]{1,18}$/);
    fc.assert(
      fc.property(digits, digits, fc.constantFrom('', '-', '+', ' '), fc.boolean(), (a, b, sign, broken) => {
        const text = sign + (broken ? `${a}.${b}` : a);
        assert.equal(read(text), Number(text));
      }),
      { numRuns: 1000 },
    );
    for (const text of ['5.', '.5', '1e9', '1.6e+12', '0x10', '000000000000000000001', '1600000000.123'])
      assert.equal(read(text), Number(text));
  });

  it('reads dates, and complains of anything else', () => {
    assert.equal(read('2024-03-02'), Date.UTC(2024, 2, 2) / 1000);
    for (const text of ['', '.', ' ', '1.2.3 ü', 'soon'])
      assert.throws(() => read(text), {
        name: 'CocoError',
        message: `x, line 3: the time ${JSON.stringify(text)} is neither a number nor a date.`,
      });
  });
});
