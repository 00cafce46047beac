import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { CocoError } from '../errors.js';
import { Random } from '../random.js';
import { eachBackend, leaked } from '../testing/each-backend.test.js';
import { rankTargets, topItems, type ScoreBlock } from './ranking.js';

/** Hands out blocks of a score matrix [P][V + 1]; column 0 is padding and must never be asked for. */
function blocksOf(scores: readonly (readonly number[])[]): ScoreBlock {
  return (from, to) => {
    assert.ok(from >= 1, 'padding was scored');
    return tf.tensor2d(scores.map((row) => row.slice(from, to)));
  };
}

/** Whole numbers in 0..9, so that there are many ties. */
function tiedScores(rows: number, items: number, random: Random): number[][] {
  return Array.from({ length: rows }, () => [99, ...Array.from({ length: items }, () => random.integer(10))]);
}

/** The definition: 1 + the other items that are not hidden and score at least as much. */
function rankByHand(scores: readonly number[], target: number, hidden: readonly number[]): number {
  const others = scores.map((score, item) => ({ score, item })).slice(1);
  const better = others.filter(
    ({ score, item }) => item !== target && !hidden.includes(item) && score >= scores[target],
  );
  return 1 + better.length;
}

eachBackend(() => {
  it('counts ties against the target', () => {
    const scores = [
      [0, 5, 5, 5, 1],
      [0, 5, 5, 5, 1],
      [0, 1, 1, 1, 1],
    ];
    const ranks = rankTargets(blocksOf(scores), 5, Int32Array.of(1, 3, 2));
    assert.deepEqual([...ranks], [3, 3, 4]);
  });

  it('gives rank 1 to a target that is alone at the top and rank V to the last', () => {
    const scores = [
      [9, 1, 2, 3, 4],
      [9, 1, 2, 3, 4],
    ];
    assert.deepEqual([...rankTargets(blocksOf(scores), 5, Int32Array.of(4, 1))], [1, 4]);
  });

  it('leaves seen items out, but never the target, repeated items only once', () => {
    const scores = [[0, 9, 8, 7, 6, 5]];
    const ranksWith = (seen: number[]): number =>
      rankTargets(blocksOf(scores), 6, Int32Array.of(5), [Int32Array.from(seen)])[0];
    assert.equal(ranksWith([]), 5);
    assert.equal(ranksWith([1, 2]), 3);
    assert.equal(ranksWith([1, 1, 1]), 4);
    assert.equal(ranksWith([5, 5]), 5, 'the target was seen: it stays a candidate');
    assert.equal(ranksWith([0, 0, 1]), 4, 'padding is no item');
  });

  it('agrees with the definition on random scores with ties', () => {
    const random = new Random(7);
    for (let trial = 0; trial < 20; trial++) {
      const items = 2 + random.integer(30);
      const scores = tiedScores(4, items, random);
      const targets = Int32Array.from(scores, () => 1 + random.integer(items));
      const seen = scores.map(() =>
        Int32Array.from({ length: random.integer(6) }, () => 1 + random.integer(items)),
      );
      const plain = rankTargets(blocksOf(scores), items + 1, targets);
      const filtered = rankTargets(blocksOf(scores), items + 1, targets, seen);
      scores.forEach((row, p) => {
        assert.equal(plain[p], rankByHand(row, targets[p], []));
        assert.equal(filtered[p], rankByHand(row, targets[p], [...seen[p]]));
      });
    }
  });

  it('lists the best items, seen ones left out, and fills up with 0 and −Infinity', () => {
    const scores = [
      [99, 1, 4, 3, 2],
      [99, 4, 1, 2, 3],
    ];
    const seen = [Int32Array.of(2), Int32Array.of(1, 2, 3)];
    const { items, scores: found } = topItems(blocksOf(scores), 5, 2, 3, seen);
    assert.deepEqual([...items], [3, 4, 1, 4, 0, 0]);
    assert.deepEqual([...found], [3, 2, 1, 3, -Infinity, -Infinity]);
  });

  it('lists equal scores by rising id', () => {
    const { items } = topItems(blocksOf([[0, 1, 3, 2, 3, 3, 2]]), 7, 1, 5);
    assert.deepEqual([...items], [2, 4, 5, 3, 6]);
  });

  it('lists all items if more are asked for than there are', () => {
    const { items } = topItems(blocksOf([[99, 1, 3, 2]]), 4, 1, 5);
    assert.deepEqual([...items], [2, 3, 1, 0, 0]);
  });

  it('refuses to rank scores that are not finite', () => {
    assert.throws(() => rankTargets(blocksOf([[0, NaN, 1]]), 3, Int32Array.of(1)), CocoError);
  });

  it('leaves no tensor behind', () => {
    const scores = blocksOf([[0, 3, 2, 1]]);
    assert.equal(
      leaked(() => {
        rankTargets(scores, 4, Int32Array.of(2), [Int32Array.of(1)]);
        topItems(scores, 4, 1, 2, [Int32Array.of(1)]);
      }),
      0,
    );
  });
});

describe('ranking many items', () => {
  const itemBlock = 65536;
  const V = itemBlock + 500;

  /** Scores fall with the distance to the first item of the second block, so the best lie in both blocks. */
  const centre = itemBlock + 1; // blocks start at item 1
  const far: ScoreBlock = (from, to) =>
    tf.tensor2d(
      Array.from({ length: to - from }, (_, i) => 1 - Math.abs(from + i - centre)),
      [1, to - from],
    );

  it('joins blocks', () => {
    assert.equal(rankTargets(far, V + 1, Int32Array.of(centre))[0], 1);
    assert.equal(rankTargets(far, V + 1, Int32Array.of(centre - 3))[0], 7, 'its mirror image ties');
    assert.equal(
      rankTargets(far, V + 1, Int32Array.of(centre - 3), [Int32Array.of(centre, centre + 3)])[0],
      5,
    );
    const { items, scores } = topItems(far, V + 1, 1, 3);
    assert.equal(items[0], centre);
    assert.deepEqual([...items.subarray(1)].sort(), [centre - 1, centre + 1]);
    assert.deepEqual([...scores], [1, 0, 0]);
  });
});
