import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { Random } from '../random.js';
import { checkGradients } from '../testing/check-gradients.js';
import { closeTo, isFinite, normals, valuesCloseTo } from '../testing/close-to.test.js';
import { eachBackend, leaked } from '../testing/each-backend.test.js';
import { attention, type AttentionOptions } from './attention.js';
import { causalMask, maskedScore, paddingMask } from './causal-mask.js';

type Quad = tf.Tensor4D;

/** Plain loops in float64. */
function reference(q: Quad, k: Quad, v: Quad, options: { mask?: tf.Tensor; scale?: number } = {}): number[] {
  const [queries, keys, values] = [q.arraySync(), k.arraySync(), v.arraySync()];
  const [batchSize, heads, length, size] = q.shape;
  const share = heads / k.shape[1];
  const mask =
    options.mask &&
    (tf.add(tf.zeros([batchSize, heads, length, k.shape[2]]), options.mask) as Quad).arraySync();
  const out: number[] = [];
  for (let b = 0; b < batchSize; b++) {
    for (let a = 0; a < heads; a++) {
      const group = Math.floor(a / share);
      for (let t = 0; t < length; t++) {
        const scores = keys[b][group].map((key, s) => {
          const dot = key.reduce((sum, x, i) => sum + x * queries[b][a][t][i], 0);
          return dot * (options.scale ?? 1 / Math.sqrt(size)) + (mask?.[b][a][t][s] ?? 0);
        });
        const top = Math.max(...scores);
        const weights = scores.map((score) => Math.exp(score - top));
        const sum = weights.reduce((x, y) => x + y, 0);
        for (let i = 0; i < v.shape[3]; i++) {
          out.push(weights.reduce((total, weight, s) => total + (weight / sum) * values[b][group][s][i], 0));
        }
      }
    }
  }
  return out;
}

const example = (
  batch: number,
  heads: number,
  groups: number,
  length: number,
  keys: number,
  size: number,
): [Quad, Quad, Quad] => [
  normals([batch, heads, length, size], new Random(1)) as Quad,
  normals([batch, groups, keys, size], new Random(2)) as Quad,
  normals([batch, groups, keys, size], new Random(3)) as Quad,
];
const run =
  (options: AttentionOptions) =>
  (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor): tf.Tensor =>
    attention(q as Quad, k as Quad, v as Quad, options);

describe('attention', () => {
  eachBackend(() => {
    const shapes: Parameters<typeof example>[] = [
      [2, 3, 3, 4, 4, 5],
      [2, 4, 2, 3, 5, 2],
      [1, 3, 1, 1, 6, 4],
      [3, 1, 1, 1, 1, 1],
    ];
    for (const shape of shapes) {
      it(`agrees with plain loops on B, A, A', T, S, d = ${shape.join(', ')}`, () => {
        const input = example(...shape);
        valuesCloseTo(attention(...input).dataSync(), reference(...input), 1e-5);
        valuesCloseTo(attention(...input, { scale: 2 }).dataSync(), reference(...input, { scale: 2 }), 1e-5);
        checkGradients(run({}), input, { random: new Random(4), epsilon: 1e-2 });
      });
    }

    it('takes masks that broadcast', () => {
      const input = example(2, 4, 2, 3, 3, 2);
      const masks = [
        causalMask(Int32Array.of(3, 1), 3),
        causalMask(undefined, 3),
        paddingMask(Int32Array.of(2, 3), 3),
        normals([2, 4, 3, 3], new Random(6)),
      ];
      for (const mask of masks) {
        valuesCloseTo(attention(...input, { mask }).dataSync(), reference(...input, { mask }), 1e-5);
        checkGradients(run({ mask }), input, { random: new Random(4), epsilon: 1e-2 });
      }
    });

    it('is finite, gradient too, where a row sees nothing and where scores are huge', () => {
      const input = example(2, 1, 1, 3, 3, 2);
      const mask = causalMask(Int32Array.of(0, 2), 3);
      isFinite(attention(...input, { mask }));
      tf.grads(run({ mask }))(input).forEach(isFinite);
      const huge: [Quad, Quad, Quad] = [tf.mul(input[0], 1e4), input[1], input[2]];
      isFinite(attention(...huge, { mask, scale: 1 }));
      tf.grads(run({ mask, scale: 1 }))(huge).forEach(isFinite);
    });

    it('cannot see what the mask hides', () => {
      const [q, k, v] = example(1, 2, 2, 4, 4, 3);
      const mask = causalMask(undefined, 4);
      const later = tf.tensor4d([0, 0, 0, 5], [1, 1, 4, 1]); // changes the last position only
      const first = (x: tf.Tensor): tf.Tensor => tf.slice(x, [0, 0, 0, 0], [1, 2, 3, 3]);
      const changed = attention(q, tf.add(k, later), tf.add(v, later), { mask });
      valuesCloseTo(first(changed).dataSync(), first(attention(q, k, v, { mask })).dataSync(), 0);
    });

    it('drops weights, the same ones again for the same key, with the right gradient', () => {
      const input = example(2, 4, 2, 3, 5, 2);
      const dropout = { rate: 0.5, key: 8 };
      closeTo(attention(...input, { dropout }), attention(...input, { dropout }));
      assert.notDeepEqual(attention(...input, { dropout }).arraySync(), attention(...input).arraySync());
      checkGradients(run({ dropout }), input, { random: new Random(4), epsilon: 1e-2 });
      const second = input.map((x) => tf.slice(x, [1, 0, 0, 0], [1, -1, -1, -1])) as [Quad, Quad, Quad];
      const rows = Int32Array.of(1);
      const whole = tf.slice(attention(...input, { dropout }), [1, 0, 0, 0], [1, -1, -1, -1]);
      closeTo(attention(...second, { dropout: { ...dropout, rows } }), whole);
    });

    it('leaves nothing behind', () => {
      const input = example(2, 4, 2, 3, 5, 2);
      const mask = paddingMask(Int32Array.of(2, 5), 5);
      const op = tf.grads(run({ mask, dropout: { rate: 0.1, key: 1 } }));
      assert.equal(
        leaked(() => tf.dispose(tf.tidy(() => op(input)))),
        0,
      );
    });
  });
});

describe('causalMask', () => {
  it('hides what comes later and the padding', () => {
    const o = maskedScore;
    assert.deepEqual(Array.from(causalMask(Int32Array.of(3, 1), 3).dataSync()), [
      0,
      o,
      o,
      0,
      0,
      o,
      0,
      0,
      0,
      0,
      o,
      o,
      0,
      o,
      o,
      0,
      o,
      o,
    ]);
    assert.deepEqual(causalMask(undefined, 2).arraySync(), [
      [
        [
          [0, o],
          [0, 0],
        ],
      ],
    ]);
    // An empty row has its first place, however long the others are.
    for (const mask of [paddingMask, causalMask]) {
      const [, empty] = mask(Int32Array.of(2, 0), 2).arraySync();
      assert.ok(empty[0].every(([first, second]) => first === 0 && second === o));
    }
    assert.deepEqual(paddingMask(Int32Array.of(1, 0), 2).arraySync(), [[[[0, o]]], [[[0, o]]]]);
  });
});
