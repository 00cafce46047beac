import type * as tf from '@tensorflow/tfjs-core';
import { asRows, inShape } from './as-rows.js';
import * as direct from './direct.js';
import { customOp } from './tape.js';

/**
 * Layer normalisation over the last axis: (x − mean) / √(variance + epsilon) · gain + bias (Ba et al. 2016).
 * @param x [..., D] @param gain [D] @param bias [D] @returns x's shape
 */
export function layerNorm<T extends tf.Tensor>(x: T, gain: tf.Tensor, bias: tf.Tensor, epsilon = 1e-5): T {
  const size = gain.shape[0];
  return customOp(
    { x, gain, bias },
    (save) => {
      const rows = asRows(x, size); // [N, D]
      const centred = direct.sub(rows, direct.meanOfRows(rows));
      const variance = direct.meanOfRows(direct.square(centred)); // [N, 1]
      const inverse = direct.rsqrt(direct.shift(variance, epsilon)); // [N, 1]
      const normal = direct.mul(centred, inverse); // [N, D]
      save([normal, inverse, gain]);
      return inShape(direct.add(direct.mul(normal, gain), bias), x.shape) as T;
    },
    (dy, [normal, inverse, savedGain]) => {
      const dRows = (): tf.Tensor => asRows(dy, size); // [N, D]
      return {
        x: () => {
          const scaled = direct.mul(dRows(), savedGain); // [N, D]
          const along = direct.meanOfRows(direct.mul(scaled, normal)); // [N, 1]
          const centred = direct.sub(scaled, direct.meanOfRows(scaled));
          const inner = direct.sub(centred, direct.mul(normal, along));
          return inShape(direct.mul(inner, inverse), x.shape);
        },
        gain: () => direct.sum(direct.mul(dRows(), normal), 0), // [D]
        bias: () => direct.sum(dRows(), 0), // [D]
      };
    },
  );
}
