import assert from 'node:assert/strict';
import { Random, hash32 } from './random.js';

/** Sum over cells of (count − expected)² / expected. */
function chiSquare(counts: ArrayLike<number>, expected: number): number {
  return Array.from(counts).reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

/** A chi-square with n − 1 degrees of freedom is above this about once in 10,000 (Wilson and Hilferty, 1931). */
function limitOf(cells: number): number {
  const n = cells - 1;
  return n * (1 - 2 / (9 * n) + 3.72 * Math.sqrt(2 / (9 * n))) ** 3;
}

describe('Random', () => {
  it('gives the same numbers everywhere and always', () => {
    // Written down once: a change would silently change every run with a seed.
    const random = new Random(1);
    const found = [random.uint32(), random.uint32(), random.uint32()];
    assert.deepEqual(found, [2475739297, 572093234, 938039646]);
    assert.equal(hash32(1, 2), 3510182084);
    assert.equal(new Random(1).derive('parameters', 3).uint32(), 3308152789);
  });

  it('is uniform, in single numbers and in pairs', () => {
    for (const seed of [1, 2, 3]) {
      const random = new Random(seed);
      const singles = new Int32Array(100);
      const pairs = new Int32Array(400);
      for (let i = 0; i < 100_000; i++) {
        const [u, v] = [random.uniform(), random.uniform()];
        assert.ok(u >= 0 && u < 1);
        singles[Math.floor(u * 100)]++;
        pairs[Math.floor(u * 20) * 20 + Math.floor(v * 20)]++;
      }
      assert.ok(chiSquare(singles, 1000) < limitOf(100));
      assert.ok(chiSquare(pairs, 250) < limitOf(400));
    }
  });

  it('is uniform over neighbouring keys at one counter, which is how masks and steps are named', () => {
    const cells = new Int32Array(256);
    for (let key = 0; key < 100_000; key++) cells[hash32(key, 5) >>> 24]++;
    assert.ok(chiSquare(cells, 100_000 / 256) < limitOf(256));
    const bits = new Int32Array(32);
    for (let key = 0; key < 20_000; key++) {
      const change = hash32(key, 5) ^ hash32(key + 1, 5);
      for (let bit = 0; bit < 32; bit++) bits[bit] += (change >>> bit) & 1;
    }
    // Each bit flips in half of the cases; 5 standard deviations are 354.
    for (const flips of bits) assert.ok(Math.abs(flips - 10_000) < 354, bits.join());
  });

  it('draws whole numbers below the limit, all of them', () => {
    const random = new Random(5);
    const counts = new Int32Array(7);
    for (let i = 0; i < 70_000; i++) counts[random.integer(7)]++;
    assert.ok(chiSquare(counts, 10_000) < limitOf(7));
  });

  it('draws normal numbers with mean 0, variance 1 and normal tails', () => {
    const random = new Random(6);
    const n = 100_000;
    let [sum, squares, beyond] = [0, 0, 0];
    for (let i = 0; i < n; i++) {
      const x = random.normal();
      sum += x;
      squares += x * x;
      if (Math.abs(x) > 1.959964) beyond++;
    }
    assert.ok(Math.abs(sum / n) < 4 / Math.sqrt(n));
    assert.ok(Math.abs(squares / n - 1) < 4 * Math.sqrt(2 / n));
    assert.ok(Math.abs(beyond - 0.05 * n) < 4 * Math.sqrt(n * 0.05 * 0.95));
  });

  it('derives streams by name, whatever was drawn before', () => {
    const first = new Random(1).derive('a', 2);
    const parent = new Random(1);
    parent.uint32();
    assert.equal(parent.derive('a', 2).uint32(), first.uint32());
    const streams = [['a', 2], ['a', 3], ['b', 2], ['a'], [2, 'a'], ['a2'], []].map((names) =>
      new Random(1).derive(...names).uint32(),
    );
    assert.equal(new Set(streams).size, streams.length);
  });

  it('shuffles every order alike', () => {
    const random = new Random(8);
    const counts = new Map<string, number>();
    for (let i = 0; i < 24_000; i++) {
      const order = random.shuffle([1, 2, 3, 4]).join('');
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    assert.equal(counts.size, 24);
    assert.ok(chiSquare([...counts.values()], 1000) < limitOf(24));
  });
});
