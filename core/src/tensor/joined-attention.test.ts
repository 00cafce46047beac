import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { Random } from '../random.js';
import { checkGradients } from '../testing/check-gradients.js';
import { closeTo, normals } from '../testing/close-to.test.js';
import { eachBackend, leaked } from '../testing/each-backend.test.js';
import { attention } from './attention.js';
import { causalMask, paddingMask } from './causal-mask.js';
import { type JoinedAttentionOptions, joinedAttention } from './joined-attention.js';

const [B, T, D] = [3, 4, 6];

/** Taken apart by tfjs's own ops, and `attention`. */
function reference(joined: tf.Tensor, { heads, ...options }: JoinedAttentionOptions): tf.Tensor {
  const parts = tf.transpose(tf.reshape(joined, [B, T, 3, heads, D / heads]), [2, 0, 3, 1, 4]);
  const [q, k, v] = tf.unstack(parts) as tf.Tensor4D[];
  return tf.reshape(tf.transpose(attention(q, k, v, options), [0, 2, 1, 3]), [B * T, D]);
}

const cases: Record<string, () => Omit<JoinedAttentionOptions, 'batchSize' | 'heads'>> = {
  plain: () => ({}),
  'with a mask for each sequence': () => ({ mask: causalMask(Int32Array.of(4, 1, 2), T) }),
  'with a mask for all': () => ({ mask: causalMask(undefined, T) }),
  'with a mask of padding and a scale': () => ({ mask: paddingMask(Int32Array.of(4, 1, 2), T), scale: 0.7 }),
  'with dropout': () => ({ dropout: { rate: 0.4, key: 9 } }),
};

describe('joinedAttention', () => {
  eachBackend(() => {
    for (const heads of [1, 2, 3]) {
      for (const [name, more] of Object.entries(cases)) {
        it(`is attention, gradient too, with heads: ${heads}, ${name}`, () => {
          const options = { batchSize: B, heads, ...more() };
          const joined = normals([B * T, 3 * D], new Random(1));
          const op = (x: tf.Tensor): tf.Tensor => joinedAttention(x as tf.Tensor2D, options);
          closeTo(op(joined), reference(joined, options), 1e-5);
          const dy = normals([B * T, D], new Random(2));
          closeTo(tf.grad(op)(joined, dy), tf.grad((x) => reference(x, options))(joined, dy), 1e-5);
          checkGradients(op, [joined], { random: new Random(4), epsilon: 1e-2 });
        });
      }
    }

    it('leaves nothing behind', () => {
      const joined = normals([B * T, 3 * D], new Random(1));
      for (const heads of [1, 2]) {
        const options = { batchSize: B, heads, dropout: { rate: 0.1, key: 1 } };
        const op = tf.grad((x) => joinedAttention(x as tf.Tensor2D, options));
        assert.equal(
          leaked(() => op(joined).dispose()),
          0,
        );
      }
    });
  });
});
