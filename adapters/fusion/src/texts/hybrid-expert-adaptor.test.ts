import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { Parameters, Random } from '@coco-rec/core';
import { checkGradients } from '@coco-rec/core/testing';
import { HybridExpertAdaptor } from './hybrid-expert-adaptor.js';

const sizes = {
  ...{ userWidth: 5, itemWidth: 3, sharedExperts: 2, specificExperts: 1 },
  ...{ expertHidden: 4, expertWidth: 2, userRate: 0.5 },
};

describe('The hybrid-expert adaptor', () => {
  let parameters: Parameters;
  let adaptor: HybridExpertAdaptor;
  let x: tf.Tensor2D;

  before(async () => {
    await tf.setBackend('cpu');
    parameters = new Parameters(new Random(1));
    adaptor = new HybridExpertAdaptor(parameters, sizes);
    parameters.entries().forEach(({ variable }, i) => {
      tf.tidy(() => variable.assign(tf.randomNormal(variable.shape, 0, 0.7, 'float32', i + 1)));
    });
    x = tf.randomNormal([6, 5], 0, 1, 'float32', 3);
  });
  after(() => {
    parameters.dispose();
    x.dispose();
  });

  const named = (name: string): tf.Tensor =>
    parameters.entries().find((parameter) => parameter.name === name)?.variable as tf.Variable;

  /** The paper's formula, an expert at a time. */
  function reference(side: 'user' | 'item', input: tf.Tensor2D): tf.Tensor2D {
    const gates = tf.softmax(tf.matMul(input, named(`${side}/gate`) as tf.Tensor2D)); // [N, E]
    const names = ['shared/expert0', 'shared/expert1', `${side}/expert0`];
    const parts = names.map((name, e) => {
      const [inner, outer] = ['inner', 'outer'].map((layer) => named(`${name}/${layer}`) as tf.Tensor2D);
      const hidden = tf.relu(tf.add(tf.matMul(input, inner), named(`${name}/innerBias`)));
      const answer = tf.add(tf.matMul(hidden as tf.Tensor2D, outer), named(`${name}/outerBias`));
      return tf.mul(answer, tf.slice(gates, [0, e], [-1, 1]));
    });
    return tf.addN(parts) as tf.Tensor2D; // [N, expertWidth]
  }

  const worst = (a: tf.Tensor, b: tf.Tensor): number =>
    tf.tidy(() => tf.max(tf.abs(tf.sub(a, b))).arraySync() as number);

  it('is the sum over experts of gate × expert, with experts of both sides and of one', () => {
    tf.tidy(() => {
      assert.ok(worst(adaptor.user(x), reference('user', x)) < 1e-5);
      const items = tf.slice2d(x, [0, 0], [6, 3]);
      assert.ok(worst(adaptor.item(items), reference('item', tf.pad2d(items, [[0, 0], [0, 2]]))) < 1e-5); // prettier-ignore
      assert.ok(worst(adaptor.user(x), adaptor.item(x)) > 1e-2, 'each side has experts of its own');
    });
  });

  it('has the gradient of that sum, in every weight', () => {
    const entries = parameters.entries().filter(({ name }) => !name.startsWith('item'));
    const variables = entries.map(({ variable }) => variable);
    const loss = (run: () => tf.Tensor2D) => (): tf.Scalar =>
      tf.sum(tf.mul(run(), tf.tensor2d([[1, -2]]))) as tf.Scalar;
    tf.tidy(() => {
      const gradients = (run: () => tf.Tensor2D): tf.NamedTensorMap =>
        tf.variableGrads(loss(run), variables).grads;
      const grads = gradients(() => adaptor.user(x));
      const expected = gradients(() => reference('user', x));
      assert.equal(Object.keys(grads).length, 13);
      for (const [name, gradient] of Object.entries(grads)) {
        assert.ok(worst(gradient, expected[name]) < 1e-4, name);
      }
    });
  });

  it('has the right gradient in its input', () => {
    checkGradients((input) => adaptor.user(input as tf.Tensor2D), [x], {
      random: new Random(5),
      epsilon: 3e-3,
    });
  });
});
