import * as tf from '@tensorflow/tfjs-core';
import { CocoError } from '../errors.js';
import type { TopK } from '../specification/ranker.js';

/** Items scored at once; a block of scores is at most usersPerBlock × itemBlock floats. */
const itemBlock = 65536;
/** Users ranked at once. */
export const usersPerBlock = 256;

/** Scores of the items `from` (with) to `to` (without). @returns [P, to - from] */
export type ScoreBlock = (from: number, to: number) => tf.Tensor2D;

/**
 * Rank of each target among items 1..V, from 1: 1 + the other items with a score ≥ the target's, so ties count against
 * it. Synchronous; leaves no tensor behind.
 * @param count V + 1 @param seen items left out for each row (the target itself never is); undefined: none.
 */
export function rankTargets(
  scoreBlock: ScoreBlock,
  count: number,
  targets: Int32Array,
  seen?: readonly Int32Array[],
): Int32Array {
  return tf.tidy(() => {
    if (blocks(count).length === 1) scoreBlock = scoredOnce(scoreBlock(1, count));
    const target = pairScores(
      scoreBlock,
      count,
      targets.map((_, p) => p),
      targets,
    ); // [P]
    const threshold = tf.reshape(target, [-1, 1]); // [P, 1]
    let better: tf.Tensor1D = tf.zeros([targets.length]);
    for (const [from, to] of blocks(count)) {
      better = tf.tidy(() => {
        const isBetter = tf.greaterEqual(scoreBlock(from, to), threshold); // [P, to - from]
        const counts = tf.matMul(tf.cast(isBetter, 'float32'), tf.ones<tf.Rank.R2>([to - from, 1])); // [P, 1]: exact, and sooner than a sum
        return tf.add(better, tf.reshape(counts, [-1])) as tf.Tensor1D;
      });
    }
    requireFinite(target.dataSync());
    const ranks = Int32Array.from(better.dataSync()); // the target counts itself, hence no 1 +
    if (seen) leaveOutSeen(ranks, { scoreBlock, count, targets, seen, targetScores: target.dataSync() });
    return ranks;
  });
}

const scoredOnce =
  (scores: tf.Tensor2D): ScoreBlock =>
  () =>
    tf.clone(scores);

function requireFinite(scores: ArrayLike<number>): void {
  for (let p = 0; p < scores.length; p++) {
    if (!Number.isFinite(scores[p]))
      throw new CocoError('The model gives scores that are not finite; it cannot be ranked.');
  }
}

interface SeenInput {
  readonly scoreBlock: ScoreBlock;
  readonly count: number;
  readonly targets: Int32Array;
  readonly seen: readonly Int32Array[];
  readonly targetScores: ArrayLike<number>;
}

/** Takes seen items that beat the target out of its rank. */
function leaveOutSeen(
  ranks: Int32Array,
  { scoreBlock, count, targets, seen, targetScores }: SeenInput,
): void {
  const rows: number[] = [];
  const items: number[] = [];
  seen.forEach((history, p) => {
    for (const item of new Set(history)) {
      if (item > 0 && item !== targets[p]) {
        rows.push(p);
        items.push(item);
      }
    }
  });
  if (rows.length === 0) return;
  const scores = pairScores(scoreBlock, count, Int32Array.from(rows), Int32Array.from(items)).dataSync();
  rows.forEach((p, i) => {
    if (scores[i] >= targetScores[p]) ranks[p]--;
  });
}

/** Scores of chosen (row, item) pairs, read from the same blocks that are compared, so that equal stays equal. */
function pairScores(scoreBlock: ScoreBlock, count: number, rows: Int32Array, items: Int32Array): tf.Tensor1D {
  const result = new Float32Array(rows.length);
  for (const [from, to] of blocks(count)) {
    const inside = [...rows.keys()].filter((i) => items[i] >= from && items[i] < to);
    if (inside.length === 0) continue;
    const values = tf.tidy(() => {
      const flat = tf.reshape(scoreBlock(from, to), [-1]);
      const at = inside.map((i) => rows[i] * (to - from) + items[i] - from);
      return tf.gather(flat, tf.tensor1d(at, 'int32')).dataSync();
    });
    inside.forEach((i, j) => (result[i] = values[j]));
  }
  return tf.tensor1d(result);
}

/** Ranges of items from 1 to V, padding left out. */
function blocks(count: number): [number, number][] {
  const ranges: [number, number][] = [];
  for (let from = 1; from < count; from += itemBlock) ranges.push([from, Math.min(count, from + itemBlock)]);
  return ranges;
}

/**
 * The k best items of each row, best first, equal scores by rising id. Synchronous.
 * @param seen items left out for each row; undefined: none.
 */
export function topItems(
  scoreBlock: ScoreBlock,
  count: number,
  rows: number,
  k: number,
  seen?: readonly Int32Array[],
): TopK {
  const longest = seen ? Math.max(0, ...seen.map((history) => history.length)) : 0;
  const found: { values: Float32Array; ids: Int32Array; width: number }[] = blocks(count).map(([from, to]) =>
    tf.tidy(() => {
      const width = Math.min(k + longest, to - from);
      const { values, indices } = tf.topk(scoreBlock(from, to), width, true);
      const ids = (indices.dataSync() as Int32Array).map((id) => id + from);
      return { values: values.dataSync() as Float32Array, ids, width };
    }),
  );
  const items = new Int32Array(rows * k);
  const scores = new Float32Array(rows * k).fill(-Infinity);
  for (let p = 0; p < rows; p++) {
    const hidden = new Set(seen?.[p]);
    const candidates = found
      .flatMap(({ values, ids, width }) =>
        Array.from({ length: width }, (_, i) => ({ score: values[p * width + i], item: ids[p * width + i] })),
      )
      .filter(({ item }) => !hidden.has(item));
    if (found.length > 1) candidates.sort((a, b) => b.score - a.score);
    candidates.slice(0, k).forEach(({ score, item }, i) => {
      items[p * k + i] = item;
      scores[p * k + i] = score;
    });
  }
  return { items, scores };
}
