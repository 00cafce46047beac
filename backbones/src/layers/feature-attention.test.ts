import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { type ItemAttributes, Parameters, Random } from '@coco-rec/core';
import { checkGradients } from '@coco-rec/core/testing';
import { assertClose, shake } from '../small-world.test.js';
import { type FeatureAttention, buildFeatureAttention, featureVectors } from './feature-attention.js';

const D = 3;
/** Items 1 to 4 with 2, 0, 1 and 3 of 4 attributes. */
const attributes: ItemAttributes = {
  offsets: Int32Array.of(0, 0, 2, 2, 3, 6),
  values: Int32Array.of(1, 3, 2, 1, 2, 4),
  count: 4,
};

function weights(): { parameters: Parameters; attention: FeatureAttention } {
  const parameters = new Parameters(new Random(1));
  const attention = buildFeatureAttention(parameters, { count: attributes.count, dimension: D });
  for (const { name } of parameters.entries()) shake(parameters, name);
  return { parameters, attention };
}

/** By the definition, an attribute at a time. */
function reference(attention: FeatureAttention, item: number): number[] {
  const rows = (variable: tf.Variable): number[][] => variable.arraySync() as number[][];
  const [table, hidden, energy] = [attention.attributes, attention.hidden, attention.energy].map(rows);
  const bias = attention.hiddenBias.arraySync() as number[];
  const own = [...attributes.values.subarray(attributes.offsets[item], attributes.offsets[item + 1])];
  const vectors = (own.length > 0 ? own : [0]).map((attribute) => table[attribute]);
  const parts = vectors.map((vector) => {
    const inner = bias.map((start, j) => vector.reduce((sum, x, i) => sum + x * hidden[i][j], start));
    return Math.exp(inner.reduce((sum, x, j) => sum + Math.max(0, x) * energy[j][0], 0));
  });
  const total = parts.reduce((sum, part) => sum + part, 0);
  return vectors[0].map((_, i) =>
    vectors.reduce((sum, vector, a) => sum + (parts[a] / total) * vector[i], 0),
  );
}

describe('feature attention', () => {
  before(() => tf.setBackend('cpu'));

  it("is the mean of an item's attributes, weighted by a softmax over them", () => {
    const { parameters, attention } = weights();
    const ids = Int32Array.of(4, 1, 0, 2, 1, 3);
    const found = tf.tidy(() => featureVectors(attention, attributes, ids).arraySync());
    ids.forEach((item, n) => assertClose(found[n], reference(attention, item)));
    parameters.dispose();
  });

  it('does not depend on what else is in the batch', () => {
    const { parameters, attention } = weights();
    const alone = tf.tidy(() => featureVectors(attention, attributes, Int32Array.of(1)).arraySync());
    const among = tf.tidy(() => featureVectors(attention, attributes, Int32Array.of(4, 4, 1, 0)).arraySync());
    assertClose(among[2], alone[0]);
    parameters.dispose();
  });

  it('gives an item and padding without attributes the vector "none"', () => {
    const { parameters, attention } = weights();
    const found = tf.tidy(() => featureVectors(attention, attributes, Int32Array.of(0, 2)).arraySync());
    const [none] = attention.attributes.arraySync() as number[][];
    assert.ok(none.some((value) => value !== 0));
    found.forEach((row) => assertClose(row, none));
    parameters.dispose();
  });

  it('has the right gradient', () => {
    const { parameters, attention } = weights();
    const inputs = [attention.attributes, attention.hidden, attention.hiddenBias, attention.energy];
    checkGradients(
      (...given) => {
        const [table, hidden, hiddenBias, energy] = given as tf.Variable[];
        const moved = { attributes: table, hidden, hiddenBias, energy };
        return featureVectors(moved, attributes, Int32Array.of(4, 1, 2, 4));
      },
      inputs,
      { random: new Random(4) },
    );
    parameters.dispose();
  });
});
