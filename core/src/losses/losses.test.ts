import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { StringTable } from '../data/string-table.js';
import { UsageError } from '../errors.js';
import { Random } from '../random.js';
import type { Dataset } from '../specification/dataset.js';
import { Pass } from '../specification/pass.js';
import { TableItemVectors } from '../specification/table-item-vectors.js';
import { checkGradients } from '../testing/check-gradients.js';
import { isFinite, normals, valuesCloseTo } from '../testing/close-to.test.js';
import { eachBackend, leaked } from '../testing/each-backend.test.js';
import { createLoss, losses } from './create-loss.js';
import type { LossContext } from './loss.js';
import { NegativeSampler } from './negatives.js';
import { Positives, countsForSampling } from './positives.js';
import { rowsOf } from './small-rows.test.js';

/** Four users, six items; the last two interactions of users 0 to 2 are held out. */
const histories = [
  [1, 2, 3, 4, 5],
  [2, 2, 3, 6, 1],
  [3, 1, 5, 6],
  [4, 3],
];
const trainLengths = Int32Array.of(3, 3, 2, 2);

function contextOf(lists: readonly number[][], lengths: Int32Array, itemCount: number): LossContext {
  const offsets = new Int32Array(lists.length + 1);
  lists.forEach((list, user) => (offsets[user + 1] = offsets[user] + list.length));
  const names = StringTable.from(Array.from({ length: itemCount + 1 }, String), itemCount + 1);
  const dataset: Dataset = {
    name: 'test',
    userCount: lists.length,
    itemCount,
    offsets,
    sequence: Int32Array.from(lists.flat()),
    realTimes: false,
    users: names,
    items: names,
    report: { counts: {}, warnings: [] },
    hash: '',
  };
  return { dataset, trainLengths: lengths, random: new Random(3) };
}

const context = contextOf(histories, trainLengths, 6);

const rows = rowsOf([
  [0, 2],
  [0, 3],
  [1, 3],
  [3, 3],
  [-1, 6],
]);
const states = (): tf.Tensor2D => normals([5, 4], new Random(1)) as tf.Tensor2D;
const table = (): tf.Tensor2D => normals([7, 4], new Random(2)) as tf.Tensor2D;

/** scores[p][v] in float64 */
function scoresOf(h: tf.Tensor2D, items: tf.Tensor2D): number[][] {
  const vectors = items.arraySync();
  return h
    .arraySync()
    .map((state) => vectors.map((item) => item.reduce((sum, x, d) => sum + x * state[d], 0)));
}
const logSumExp = (values: number[]): number => {
  const top = Math.max(...values);
  return top + Math.log(values.reduce((sum, value) => sum + Math.exp(value - top), 0));
};
const softplus = (x: number): number => Math.log1p(Math.exp(x));

describe('losses', () => {
  it('refuses an unknown loss, key or value, saying what is known', () => {
    assert.throws(
      () => createLoss('sofmax', context),
      (error) => error instanceof UsageError && /softmax/.test(error.message),
    );
    assert.throws(
      () => createLoss({ id: 'bce', negative: 2 }, context),
      /"train.loss.negative".*"negatives"/,
    );
    assert.throws(() => createLoss({ id: 'info-nce', temperature: 0 }, context), /train.loss.temperature/);
    assert.throws(() => createLoss({ id: 'sampled-softmax', negatives: 'all' }, context), UsageError);
  });

  it('counts training interactions only', () => {
    assert.deepEqual(Array.from(countsForSampling(context)), [0, 2, 3, 4, 1, 1, 1]);
  });

  it('knows the positives of each row', () => {
    const excluded = new Positives(context).excluded(rows, Int32Array.of(1, 2, 3, 4, 5, 6));
    const expected = [
      [1, 1, 1, 0, 0, 0],
      [1, 1, 1, 0, 0, 0],
      [0, 1, 1, 0, 0, 0],
      [0, 0, 1, 1, 0, 0],
      [0, 0, 0, 0, 0, 1],
    ];
    const places = expected.flat().flatMap((isOwn, place) => (isOwn ? [place] : []));
    assert.deepEqual(Array.from(excluded), places);
  });

  it('draws negatives as often as it says', () => {
    for (const source of ['uniform', 'popularity', 'in-batch', 'mixed'] as const) {
      const sampler = new NegativeSampler(context, { source, count: 50, power: 0.5 });
      const all = Int32Array.of(1, 2, 3, 4, 5, 6);
      // In-batch negatives are as popular as training items only on average: use rows with the right shares.
      const balanced = rowsOf([1, 1, 2, 2, 2, 3, 3, 3, 3, 4, 5, 6].map((target) => [-1, target] as const));
      const expected = sampler.logExpected(all, balanced.count);
      const found = new Float64Array(7);
      const rounds = 400;
      const random = new Random(11);
      for (let i = 0; i < rounds; i++) for (const id of sampler.sample(balanced, random)) found[id]++;
      assert.equal(found[0], 0);
      valuesCloseTo(
        Array.from(found.subarray(1), (count) => Math.log(count / rounds)),
        expected,
        0.03,
      );
    }
  });

  eachBackend(() => {
    for (const { id } of losses) {
      const settings = {
        softmax: ['softmax'],
        'sampled-softmax': [
          { id, count: 5 },
          { id, negatives: 'mixed', count: 5, logQ: false },
          { id, negatives: 'popularity', maskPositives: false },
        ],
        'info-nce': [
          'info-nce',
          { id, temperature: 0.2, normalise: true },
          { id, logQ: true, maskPositives: false },
        ],
        bce: ['bce', { id, negatives: 3 }],
        gbce: [
          { id, negatives: 3 },
          { id, negatives: 1, calibration: 1 },
        ],
      }[id] as (string | { id: string })[];

      it(`${id} has right gradients, repeats itself for the same key and leaves nothing behind`, () => {
        for (const setting of settings) {
          const loss = createLoss(setting, context);
          const op = (h: tf.Tensor, items: tf.Tensor): tf.Tensor =>
            loss(h as tf.Tensor2D, rows, new TableItemVectors(items), Pass.train(5));
          const inputs = [states(), table()];
          assert.deepEqual(op(inputs[0], inputs[1]).shape, [5]);
          tf.tidy(() => {
            checkGradients(op, inputs, { random: new Random(8), epsilon: 1e-2 });
          });
          valuesCloseTo(
            tf.tidy(() => op(inputs[0], inputs[1])).dataSync(),
            op(inputs[0], inputs[1]).dataSync(),
            0,
          );
          assert.equal(
            leaked(() => tf.dispose(tf.tidy(() => tf.grads(op)(inputs)))),
            0,
          );
        }
      });

      it(`${id} is finite with scores of ±10,000`, () => {
        for (const setting of settings) {
          const loss = createLoss(setting, context);
          const h = tf.mul(states(), 1e4) as tf.Tensor2D;
          const op = (x: tf.Tensor): tf.Tensor =>
            loss(x as tf.Tensor2D, rows, new TableItemVectors(table()), Pass.train(5));
          isFinite(op(h));
          isFinite(tf.grad(op)(h));
        }
      });
    }

    it('softmax is the cross-entropy over all items but padding', () => {
      const [h, items] = [states(), table()];
      const expected = scoresOf(h, items).map(
        (scores, p) => logSumExp(scores.slice(1)) - scores[rows.target[p]],
      );
      const loss = createLoss('softmax', context)(h, rows, new TableItemVectors(items), Pass.train(1));
      valuesCloseTo(loss.dataSync(), expected, 1e-5);
    });

    it('info-nce is eq. 1: the targets of other rows, own positives left out', () => {
      const [h, items] = [states(), table()];
      const loss = createLoss({ id: 'info-nce', temperature: 0.5 }, context);
      const excluded = new Set(new Positives(context).excluded(rows, rows.target));
      const expected = scoresOf(h, items).map((scores, p) => {
        const own = scores[rows.target[p]] / 0.5;
        const others = Array.from(rows.target, (item) => scores[item] / 0.5).filter(
          (_, n) => !excluded.has(p * 5 + n),
        );
        return logSumExp([own, ...others]) - own;
      });
      const found = loss(h, rows, new TableItemVectors(items), Pass.train(1));
      valuesCloseTo(found.dataSync(), expected, 1e-5);
    });

    it('sampled softmax with many uniform negatives, corrected, ranks as the full softmax does', () => {
      // Every item drawn often: Σ exp(s − log expected count) tends to Σ over items of exp(s).
      const [h, items] = [states(), table()];
      const setting = { id: 'sampled-softmax', count: 20_000, maskPositives: false };
      const found = createLoss(setting, context)(
        h,
        rows,
        new TableItemVectors(items),
        Pass.train(1),
      ).dataSync();
      const shift = Math.log(20_000 / 6); // the positive's own correction
      const expected = scoresOf(h, items).map((scores, p) => {
        const own = scores[rows.target[p]] - shift;
        return logSumExp([own, logSumExp(scores.slice(1))]) - own;
      });
      valuesCloseTo(found, expected, 0.02);
    });

    it('bce takes unseen items as negatives', () => {
      const [h, items] = [states(), table()];
      const found = createLoss('bce', context)(
        h,
        rows,
        new TableItemVectors(items),
        Pass.train(4),
      ).dataSync();
      scoresOf(h, items).forEach((scores, p) => {
        const negative = 2 * found[p] - softplus(-scores[rows.target[p]]);
        const candidates = [1, 2, 3, 4, 5, 6].filter(
          (item) => Math.abs(softplus(scores[item]) - negative) < 1e-4,
        );
        const had = rows.user[p] < 0 ? [] : histories[rows.user[p]].slice(0, trainLengths[rows.user[p]]);
        assert.ok(candidates.some((item) => !had.includes(item) && item !== rows.target[p]));
      });
    });

    it("gbce is bce with the target's probability to the power β of gSASRec", () => {
      const [h, items] = [states(), table()];
      const of = (setting: string | { id: string }): ArrayLike<number> =>
        createLoss(setting, context)(h, rows, new TableItemVectors(items), Pass.train(4)).dataSync();
      const plain = of({ id: 'bce', negatives: 2 } as { id: string });
      valuesCloseTo(of({ id: 'gbce', negatives: 2, calibration: 0 } as { id: string }), plain, 1e-6);
      for (const calibration of [0.75, 1]) {
        const share = 2 / 5; // negatives over the other items
        const beta = share * (calibration * (1 - 1 / share) + 1 / share); // as the paper writes it
        const expected = scoresOf(h, items).map((scores, p) => {
          const probability = 1 / (1 + Math.exp(-scores[rows.target[p]]));
          return plain[p] + (Math.log(probability) - Math.log(probability ** beta)) / 3;
        });
        valuesCloseTo(of({ id: 'gbce', negatives: 2, calibration } as { id: string }), expected, 1e-5);
      }
    });

    it('bce ends for a user who has had every item', () => {
      const full = contextOf([[1, 2]], Int32Array.of(2), 2);
      const loss = createLoss('bce', full)(
        tf.ones([1, 2]),
        rowsOf([[0, 2]]),
        new TableItemVectors(tf.ones([3, 2])),
        Pass.train(1),
      );
      isFinite(loss);
    });

    it('prediction draws the same negatives every time', () => {
      const loss = createLoss('sampled-softmax', context);
      const [h, items] = [states(), new TableItemVectors(table())];
      valuesCloseTo(
        loss(h, rows, items, Pass.predict).dataSync(),
        loss(h, rows, items, Pass.predict).dataSync(),
        0,
      );
      assert.notDeepEqual(
        loss(h, rows, items, Pass.train(1)).arraySync(),
        loss(h, rows, items, Pass.train(2)).arraySync(),
      );
    });
  });
});
