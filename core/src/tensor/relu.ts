import type * as tf from '@tensorflow/tfjs-core';
import * as direct from './direct.js';
import { customOp } from './tape.js';

/** max(x, 0). @param x any shape @returns x's shape */
export function relu<T extends tf.Tensor>(x: T): T {
  return customOp(
    { x },
    (save) => {
      const y = direct.relu(x) as T;
      save([y]);
      return y;
    },
    (dy, [y]) => ({ x: () => direct.reluGradient(dy, y) }),
  );
}
