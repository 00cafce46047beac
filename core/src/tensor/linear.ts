import type * as tf from '@tensorflow/tfjs-core';
import { asRows, inShape } from './as-rows.js';
import * as direct from './direct.js';
import { customOp } from './tape.js';

/**
 * x · weight + bias, for x of any rank.
 * @param x [..., in] @param weight [in, out] @param bias [out] @returns [..., out]
 */
export function linear<T extends tf.Tensor>(x: T, weight: tf.Tensor, bias?: tf.Tensor): T {
  const [size, outSize] = weight.shape as [number, number];
  const outShape = [...x.shape.slice(0, -1), outSize];
  return customOp(
    { x, weight, bias },
    (save) => {
      save([x, weight]);
      const product = direct.matMul(asRows(x, size), weight); // [N, out]
      return inShape(bias ? direct.add(product, bias) : product, outShape) as T;
    },
    (dy, [savedX, savedWeight]) => {
      const dRows = (): tf.Tensor2D => asRows(dy, outSize); // [N, out]
      return {
        x: () => inShape(direct.matMul(dRows(), savedWeight, false, true), x.shape),
        weight: () => direct.matMul(asRows(savedX, size), dRows(), true, false), // [in, out]
        bias: () => direct.sum(dRows(), 0), // [out]
      };
    },
  );
}
