import assert from 'node:assert/strict';
import { Random } from '../random.js';
import { holm, pairedDifference } from './statistics.js';

const normals = (count: number, mean: number, random: Random): Float64Array =>
  Float64Array.from({ length: count }, () => mean + random.normal());

/** How often, of `trials` simulated comparisons, the 95 % interval holds the true difference. */
function coverage(trials: number, truth: number, seeds: number): { inside: number; rejected: number } {
  let [inside, rejected] = [0, 0];
  for (let trial = 0; trial < trials; trial++) {
    const random = new Random(trial).derive('simulation');
    const users = 60;
    const ability = normals(users, 5, random); // what both methods share, far larger than the difference
    const sample = (mean: number): Float64Array[] =>
      Array.from({ length: seeds }, () => normals(users, mean, random).map((noise, u) => ability[u] + noise));
    const { interval, p } = pairedDifference(sample(truth), sample(0), { replicates: 300, seed: trial });
    if (interval[0] <= truth && truth <= interval[1]) inside++;
    if (p < 0.05) rejected++;
  }
  return { inside: inside / trials, rejected: rejected / trials };
}

describe('pairedDifference', () => {
  it('states the mean difference, absolute and relative to the baseline', () => {
    const found = pairedDifference([[3, 5, 4, 4]], [[2, 2, 1, 3]]);
    assert.equal(found.difference, 2);
    assert.equal(found.baseline, 2);
    assert.equal(found.relative, 1);
  });

  it('has an interval that holds the truth in about 95 of 100 cases', () => {
    const { inside } = coverage(400, 0.3, 1);
    // Binomial: 400 cases at .95 stay within .915 and .98 but once in a thousand; the percentile interval of 60
    // users is a little too short.
    assert.ok(inside > 0.9 && inside < 0.985, `${inside}`);
  });

  it('rejects a true null hypothesis in about 5 of 100 cases, and a false one most of the time', () => {
    const { rejected } = coverage(400, 0, 1);
    assert.ok(rejected > 0.02 && rejected < 0.1, `${rejected}`);
    assert.ok(coverage(100, 0.8, 1).rejected > 0.9);
  });

  it('draws seeds too: methods that differ by seed only are not told apart by many users', () => {
    const users = 500;
    const base = Array.from({ length: 3 }, () => new Float64Array(users));
    const method = [0.3, -0.1, -0.1].map((effect) => new Float64Array(users).fill(effect));
    const { interval } = pairedDifference(method, base, { replicates: 500 });
    assert.ok(interval[0] < 0 && interval[1] > 0, interval.join());
  });

  it('is certain where every user gains', () => {
    const { interval, p } = pairedDifference([new Float64Array(50).fill(1)], [new Float64Array(50)]);
    assert.deepEqual(interval, [1, 1]);
    assert.ok(p < 0.01);
  });

  it('finds nothing between equals', () => {
    const values = normals(50, 1, new Random(1));
    const { difference, interval, p } = pairedDifference([values], [values]);
    assert.deepEqual([difference, ...interval, p], [0, 0, 0, 1]);
  });

  it('gives the same numbers for the same seed', () => {
    const [a, b] = [normals(40, 0.2, new Random(2)), normals(40, 0, new Random(3))];
    assert.deepEqual(pairedDifference([a], [b], { seed: 4 }), pairedDifference([a], [b], { seed: 4 }));
  });
});

describe('holm', () => {
  it('corrects step by step', () => {
    // By hand: sorted .01 · 4, .02 · 3, .03 · 2, .04 · 1, each at least the one before.
    assert.deepEqual(
      holm([0.03, 0.01, 0.04, 0.02]).map((p) => Number(p.toFixed(10))),
      [0.06, 0.04, 0.06, 0.06],
    );
  });

  it('never exceeds 1 and leaves a single p alone', () => {
    assert.deepEqual(holm([0.7, 0.6]), [1, 1]);
    assert.deepEqual(holm([0.2]), [0.2]);
    assert.deepEqual(holm([]), []);
  });
});
