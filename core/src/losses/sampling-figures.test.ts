/** Losses and expected counts whose values can be told in advance: what sampling does to them, in figures. */
import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { DatasetBuilder } from '../data/dataset-builder.js';
import { Random } from '../random.js';
import { Pass } from '../specification/pass.js';
import { TableItemVectors } from '../specification/table-item-vectors.js';
import { normals, valuesCloseTo } from '../testing/close-to.test.js';
import { eachBackend } from '../testing/each-backend.test.js';
import { createLoss } from './create-loss.js';
import type { LossContext } from './loss.js';
import { NegativeSampler } from './negatives.js';
import { rowsOf } from './small-rows.test.js';

type Setting = { readonly id: string } & Readonly<Record<string, unknown>>;

/** All interactions are training. */
function contextOf(histories: readonly (readonly number[])[], itemCount: number): LossContext {
  const builder = new DatasetBuilder();
  for (let item = 1; item <= itemCount; item++) builder.addItem(`item${item}`);
  histories.forEach((history, user) =>
    history.forEach((item, time) => builder.addInteraction(`user${user}`, `item${item}`, time)),
  );
  const hasher = { sha256: () => 'hash' };
  const dataset = builder.build({ name: 'test', report: { counts: {}, warnings: [] }, hasher });
  assert.deepEqual(Array.from(dataset.sequence), histories.flat());
  const trainLengths = Int32Array.from(histories, ({ length }) => length);
  return { dataset, trainLengths, random: new Random(3) };
}

/** One user for each item, who has had it so many times. */
const withCounts = (...counts: number[]): LossContext =>
  contextOf(
    counts.map((count, i) => Array.from({ length: count }, () => i + 1)),
    counts.length,
  );
const softplus = (x: number): number => Math.log1p(Math.exp(x));

describe('sampling in figures', () => {
  it('expects popular items by the power of their counts', () => {
    const context = withCounts(1, 4, 9);
    const ids = Int32Array.of(3, 1, 2);
    const expectedAt = (power: number): Float32Array =>
      new NegativeSampler(context, { source: 'popularity', count: 50, power }).logExpected(ids, 7);
    valuesCloseTo(expectedAt(0.5), [Math.log(25), Math.log(50 / 6), Math.log(100 / 6)]);
    valuesCloseTo(expectedAt(1), [Math.log(450 / 14), Math.log(50 / 14), Math.log(200 / 14)]);
    valuesCloseTo(
      expectedAt(0),
      Array.from({ length: 3 }, () => Math.log(50 / 3)),
    );
  });

  eachBackend(() => {
    it('info-nce corrects target and others for their popularity, if it is told to', () => {
      const context = withCounts(1, 2, 4);
      const rows = rowsOf([
        [0, 1],
        [1, 2],
        [2, 3],
      ]);
      const items = new TableItemVectors(normals([4, 5], new Random(2)));
      const lossOf = (logQ: boolean): ArrayLike<number> => {
        const loss = createLoss({ id: 'info-nce', logQ, maskPositives: false } as Setting, context);
        return loss(tf.zeros([3, 5]), rows, items, Pass.train(1)).dataSync();
      };
      // All scores are 0: ln Σ over n of count of the target / count of n.
      valuesCloseTo(lossOf(true), [Math.log(1.75), Math.log(3.5), Math.log(7)]);
      valuesCloseTo(lossOf(false), [Math.log(3), Math.log(3), Math.log(3)]);
    });

    for (const lacking of [1, 3, 6]) {
      it(`bce and gbce take item ${lacking} of 6 as negative of a user who has had all others`, () => {
        const own = [1, 2, 3, 4, 5, 6].filter((item) => item !== lacking);
        const context = contextOf([own], 6);
        const rows = rowsOf(own.map((target) => [0, target] as const));
        const h = normals([5, 4], new Random(1)) as tf.Tensor2D;
        const table = normals([7, 4], new Random(2)) as tf.Tensor2D;
        const scores = (tf.matMul(h, table, false, true) as tf.Tensor2D).arraySync();
        const expected = (weight: number, negatives: number): number[] =>
          own.map((target, p) => {
            const positive = weight * softplus(-scores[p][target]);
            return (positive + negatives * softplus(scores[p][lacking])) / (1 + negatives);
          });
        const lossOf = (setting: Setting): ArrayLike<number> =>
          createLoss(setting, context)(h, rows, new TableItemVectors(table), Pass.train(4)).dataSync();
        valuesCloseTo(lossOf({ id: 'bce' }), expected(1, 1));
        valuesCloseTo(lossOf({ id: 'bce', negatives: 3 }), expected(1, 3));
        // 3 of the 5 others are drawn: β = 1 − .75 · (1 − .6).
        valuesCloseTo(lossOf({ id: 'gbce', negatives: 3 }), expected(0.7, 3));
      });
    }

    for (const setting of [
      { id: 'bce' },
      { id: 'bce', negatives: 3 },
      { id: 'gbce', negatives: 3 },
    ] as const satisfies readonly Setting[]) {
      it(`prediction draws the same negatives every time: ${JSON.stringify(setting)}`, () => {
        const context = contextOf([[1], [2]], 40);
        const rows = rowsOf([0, 1, 0, 1, 0].map((user) => [user, user + 1] as const));
        const h = normals([5, 4], new Random(1)) as tf.Tensor2D;
        const items = new TableItemVectors(normals([41, 4], new Random(2)));
        const loss = createLoss(setting, context);
        const lossIn = (pass: Pass): number[] => loss(h, rows, items, pass).arraySync();
        const first = lossIn(Pass.predict);
        assert.deepEqual(lossIn(Pass.predict), first);
        assert.deepEqual(createLoss(setting, context)(h, rows, items, Pass.predict).arraySync(), first);
        assert.deepEqual(lossIn(Pass.train(1)), lossIn(Pass.train(1)));
        assert.notDeepEqual(lossIn(Pass.train(1)), lossIn(Pass.train(2)));
      });
    }
  });
});
