import assert from 'node:assert/strict';
import fc from 'fast-check';
import { readTimeBytes, toSeconds } from './time.js';

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

describe('toSeconds', () => {
  const seconds = [1_700_000_000, 1_700_000_001.5, 200_000_000];

  it('divides a whole column of smaller units, and says so', () => {
    for (const [factor, unit] of [
      [1e3, 'milliseconds'],
      [1e6, 'microseconds'],
      [1e9, 'nanoseconds'],
    ] as const) {
      const times = Float64Array.from(seconds, (time) => time * factor);
      assert.match(toSeconds(times) ?? '', new RegExp(`in ${unit}.*divided by ${factor}`));
      assert.deepEqual([...times], seconds);
    }
  });

  it('leaves seconds, counts and mixed columns as they are; says that the latter have no unit', () => {
    for (const own of [seconds, [1, 2, 3], [-5, 1e11]]) {
      const times = Float64Array.from(own);
      assert.equal(toSeconds(times), undefined);
      assert.deepEqual([...times], own);
    }
    const mixed = Float64Array.of(1_700_000_000, 1_700_000_000_000);
    assert.match(toSeconds(mixed) ?? '', /from 1700000000 to 1700000000000 cannot all be in seconds/);
    assert.deepEqual([...mixed], [1_700_000_000, 1_700_000_000_000]);
  });
});
