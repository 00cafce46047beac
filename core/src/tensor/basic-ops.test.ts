import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { Random } from '../random.js';
import { checkGradients } from '../testing/check-gradients.js';
import { closeTo, isFinite, normals, valuesCloseTo } from '../testing/close-to.test.js';
import { eachBackend, leaked } from '../testing/each-backend.test.js';
import { cosine } from './cosine.js';
import { gatherRows } from './gather-rows.js';
import { gelu } from './gelu.js';
import { layerNorm } from './layer-norm.js';
import { linear } from './linear.js';
import { loraLinear } from './lora-linear.js';
import { l2Normalise } from './normalise.js';
import { rmsNorm } from './rms-norm.js';
import { rotary, rotaryTables } from './rotary.js';
import { swiGlu } from './swiglu.js';

type Op = (...inputs: tf.Tensor[]) => tf.Tensor;

interface Case {
  readonly name: string;
  readonly op: Op;
  /** The same from tfjs's basic ops. */
  readonly plain: Op;
  /** Shapes of the inputs of each example. */
  readonly shapes: readonly (readonly number[][])[];
}

const statistics = (x: tf.Tensor): { centred: tf.Tensor; variance: tf.Tensor } => {
  const { mean, variance } = tf.moments(x, -1, true);
  return { centred: tf.sub(x, mean), variance };
};
const length = (x: tf.Tensor): tf.Tensor => tf.sqrt(tf.add(tf.sum(tf.square(x), -1, true), 1e-8));
const product = (x: tf.Tensor, weight: tf.Tensor): tf.Tensor => {
  const rows = tf.reshape(x, [-1, weight.shape[0]]) as tf.Tensor2D;
  return tf.reshape(tf.matMul(rows, weight as tf.Tensor2D), [
    ...x.shape.slice(0, -1),
    weight.shape[1] as number,
  ]);
};

const cases: readonly Case[] = [
  {
    name: 'layerNorm',
    op: (x, gain, bias) => layerNorm(x, gain, bias, 1e-3),
    plain: (x, gain, bias) => {
      const { centred, variance } = statistics(x);
      return tf.add(tf.mul(tf.div(centred, tf.sqrt(tf.add(variance, 1e-3))), gain), bias);
    },
    shapes: [
      [[2, 3, 5], [5], [5]],
      [[4, 7], [7], [7]],
      [[6], [6], [6]],
    ],
  },
  {
    name: 'rmsNorm',
    op: (x, gain) => rmsNorm(x, gain, 1e-3),
    plain: (x, gain) => tf.mul(tf.div(x, tf.sqrt(tf.add(tf.mean(tf.square(x), -1, true), 1e-3))), gain),
    shapes: [
      [[2, 3, 5], [5]],
      [[2, 2, 3, 4], [4]],
      [[6], [6]],
    ],
  },
  {
    name: 'rmsNorm without gain',
    op: (x) => rmsNorm(x, undefined, 1e-3),
    plain: (x) => tf.div(x, tf.sqrt(tf.add(tf.mean(tf.square(x), -1, true), 1e-3))),
    shapes: [[[2, 3, 5]], [[6]]],
  },
  {
    name: 'swiGlu',
    op: (gate, up) => swiGlu(gate, up),
    plain: (gate, up) => tf.mul(tf.mul(gate, tf.sigmoid(gate)), up),
    shapes: [
      [
        [2, 3, 5],
        [2, 3, 5],
      ],
      [[6], [6]],
    ],
  },
  {
    name: 'l2Normalise',
    op: (x) => l2Normalise(x),
    plain: (x) => tf.div(x, length(x)),
    shapes: [[[3, 5]], [[2, 3, 6]], [[4]]],
  },
  {
    name: 'cosine',
    op: (a, b) => cosine(a, b),
    plain: (a, b) => tf.squeeze(tf.div(tf.sum(tf.mul(a, b), -1, true), tf.mul(length(a), length(b))), [-1]),
    shapes: [
      [
        [3, 5],
        [3, 5],
      ],
      [
        [2, 3, 4],
        [2, 3, 4],
      ],
      [[4], [4]],
    ],
  },
  {
    name: 'linear',
    op: (x, weight, bias) => linear(x, weight, bias),
    plain: (x, weight, bias) => tf.add(product(x, weight), bias),
    shapes: [
      [[2, 3, 5], [5, 4], [4]],
      [[3, 1], [1, 2], [2]],
      [[5], [5, 3], [3]],
    ],
  },
  {
    name: 'linear without bias',
    op: (x, weight) => linear(x, weight),
    plain: product,
    shapes: [
      [
        [4, 5],
        [5, 3],
      ],
      [
        [2, 1, 3, 5],
        [5, 4],
      ],
    ],
  },
  {
    name: 'loraLinear',
    op: (x, weight, a, b, bias) => loraLinear(x, weight, { a, b, scale: 2 }, bias),
    plain: (x, weight, a, b, bias) =>
      tf.add(tf.add(product(x, weight), bias), tf.mul(product(product(x, a), b), 2)),
    shapes: [
      [[2, 3, 5], [5, 4], [5, 2], [2, 4], [4]],
      [[3, 4], [4, 6], [4, 1], [1, 6], [6]],
    ],
  },
  {
    name: 'gelu',
    op: (x) => gelu(x),
    plain: (x) => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.div(x, Math.SQRT2)), 1)),
    shapes: [[[3, 5]], [[7]]],
  },
  {
    name: 'gelu, tanh form',
    op: (x) => gelu(x, 'tanh'),
    plain: (x) => {
      const inner = tf.mul(tf.add(x, tf.mul(tf.pow(x, 3), 0.044715)), Math.sqrt(2 / Math.PI));
      return tf.mul(tf.mul(x, 0.5), tf.add(tf.tanh(inner), 1));
    },
    shapes: [[[3, 5]], [[7]]],
  },
  {
    name: 'gatherRows',
    op: (table) => gatherRows(table as tf.Tensor2D, tf.tensor1d([2, 0, 2, 1], 'int32')),
    plain: (table) => tf.matMul(tf.oneHot(tf.tensor1d([2, 0, 2, 1], 'int32'), 4), table as tf.Tensor2D),
    shapes: [[[4, 3]]],
  },
];

describe('tensor ops', () => {
  eachBackend(() => {
    for (const { name, op, plain, shapes } of cases) {
      describe(name, () => {
        shapes.forEach((shape, at) => {
          const inputsOf = (): tf.Tensor[] =>
            shape.map((sizes, i) => normals(sizes, new Random(10 * at + i)));

          it(`agrees with plain ops, gradient too, on [${shape.join('], [')}]`, () => {
            tf.tidy(() => {
              const inputs = inputsOf();
              const expected = plain(...inputs);
              closeTo(op(...inputs), expected, 1e-5);
              const dy = normals(expected.shape, new Random(99));
              const gradients = tf.grads(op)(inputs, dy);
              tf.grads(plain)(inputs, dy).forEach((gradient, i) => closeTo(gradients[i], gradient, 1e-4));
            });
          });

          it(`agrees with central differences on [${shape.join('], [')}]`, () => {
            tf.tidy(() => {
              checkGradients(op, inputsOf(), { random: new Random(5) });
            });
          });
        });

        it('leaves nothing behind', () => {
          const inputs = shapes[0].map((sizes, i) => normals(sizes, new Random(i)));
          const run = (): void => tf.dispose(tf.tidy(() => tf.grads(op)(inputs)));
          assert.equal(leaked(run), 0);
          tf.dispose(inputs);
        });
      });
    }

    it('norms and cosine are finite, gradient too, on zero, constant and huge vectors', () => {
      const ops: Op[] = [
        (x) => layerNorm(x, tf.ones([4]), tf.zeros([4])),
        (x) => rmsNorm(x, tf.ones([4])),
        (x) => l2Normalise(x),
        (x) => cosine(x, tf.ones([4])),
        (x) => gelu(x),
        (x) => gelu(x, 'tanh'),
      ];
      for (const value of [0, 1e-20, 3, -1e4, 1e15]) {
        const x = tf.fill([4], value);
        for (const op of ops) {
          isFinite(op(x));
          if (value !== 1e15) isFinite(tf.grad(op)(x));
        }
      }
    });

    it('gelu is exact at known points', () => {
      const x = tf.tensor1d([-100, -1, 0, 1, 100]);
      valuesCloseTo(gelu(x).dataSync(), [0, -0.15865525393, 0, 0.84134474607, 100], 1e-6);
      valuesCloseTo(gelu(x, 'tanh').dataSync(), [0, -0.15880801, 0, 0.84119199, 100], 1e-6);
    });
  });
});

describe('rotary', () => {
  eachBackend(() => {
    const example = (): { x: tf.Tensor; cos: tf.Tensor2D; sin: tf.Tensor2D } => ({
      x: normals([2, 3, 5, 6], new Random(1)),
      ...rotaryTables(5, 6, 100),
    });

    it('turns pairs (i, i + d/2) by position · base^(−2i/d)', () => {
      const { x, cos, sin } = example();
      const values = x.arraySync() as number[][][][];
      const turned = rotary(x, cos, sin).arraySync() as number[][][][];
      for (let t = 0; t < 5; t++) {
        for (let i = 0; i < 3; i++) {
          const angle = t * 100 ** ((-2 * i) / 6);
          const [a, b] = [values[1][2][t][i], values[1][2][t][i + 3]];
          const [c, d] = [turned[1][2][t][i], turned[1][2][t][i + 3]];
          valuesCloseTo(
            [c, d],
            [a * Math.cos(angle) - b * Math.sin(angle), b * Math.cos(angle) + a * Math.sin(angle)],
          );
        }
      }
    });

    it('keeps scores a function of the distance', () => {
      const [q, k] = [normals([1, 1, 1, 8], new Random(1)), normals([1, 1, 1, 8], new Random(2))];
      const { cos, sin } = rotaryTables(20, 8);
      const score = (queryAt: number, keyAt: number): number => {
        const at = (x: tf.Tensor, t: number): tf.Tensor =>
          rotary(x, tf.slice(cos, [t, 0], [1, 8]), tf.slice(sin, [t, 0], [1, 8]));
        return tf.sum(tf.mul(at(q, queryAt), at(k, keyAt))).dataSync()[0];
      };
      valuesCloseTo([score(9, 4)], [score(16, 11)], 1e-5);
    });

    it('starts where it is told', () => {
      closeTo(rotaryTables(3, 4, 50, 2).cos, tf.slice(rotaryTables(5, 4, 50).cos, [2, 0], [3, 4]));
    });

    it('agrees with central differences, and leaves nothing behind', () => {
      const { x, cos, sin } = example();
      checkGradients((v) => rotary(v, cos, sin), [x], { random: new Random(3) });
      const odd = normals([5, 6], new Random(8)); // the sine's halves need not be equal
      checkGradients((v) => rotary(v, cos, odd), [x], { random: new Random(3) });
      assert.equal(
        leaked(() =>
          tf
            .grad((v) => rotary(v, cos, sin))(x)
            .dispose(),
        ),
        0,
      );
    });
  });
});
