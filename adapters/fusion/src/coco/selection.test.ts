import assert from 'node:assert/strict';
import { selectPrompts } from './selection.js';

describe('selectPrompts', () => {
  const rule = { rule: 'cosine', threshold: 0.45, temperature: 0.05, maxPrompts: 3 } as const;
  const listsOf = (cosines: number[][], more: object = {}): number[][] => {
    const { counts, sequences, codewords } = selectPrompts(
      Float32Array.from(cosines.flat()),
      cosines[0].length,
      {
        ...rule,
        ...more,
      },
    );
    assert.equal(
      counts.reduce((a, b) => a + b, 0),
      codewords.length,
    );
    return cosines.map((_, s) => [...codewords].filter((_, m) => sequences[m] === s));
  };

  it('keeps those above θ by falling cosine, at most maxPrompts, always the best one', () => {
    const lists = listsOf([
      [0.5, 0.9, 0.1, 0.7, 0.6],
      [0.1, -0.2, 0.3, 0.2, 0],
    ]);
    assert.deepEqual(lists, [[1, 3, 4], [2]]);
  });

  it('compares the softmax with its largest value in the rule relative', () => {
    // exp(−.03 / .05) = .55 passes, exp(−.05 / .05) = .37 does not.
    assert.deepEqual(listsOf([[0.9, 0.87, 0.85, 0.1]], { rule: 'relative' }), [[0, 1]]);
  });

  it('selects nothing by the literal softmax of many cosines', () => {
    const cosines = Array.from({ length: 64 }, (_, i) => (i === 0 ? 1 : -1));
    assert.deepEqual(listsOf([cosines], { rule: 'softmax' }), [[]]);
    assert.deepEqual(listsOf([[1, -1]], { rule: 'softmax' }), [[0]]);
  });
});
