import * as tf from '@tensorflow/tfjs-core';
import {
  type ItemAttributes,
  type Parameters,
  constant,
  gatherRows,
  linear,
  maskedScore,
  normal,
} from '@coco-rec/core';

/** Weights of the attention over an item's attributes. */
export interface FeatureAttention {
  /** A vector for each attribute [A + 1, D]; row 0 stands for "none". */
  readonly attributes: tf.Variable;
  readonly hidden: tf.Variable;
  readonly hiddenBias: tf.Variable;
  /** [D, 1]; a bias would cancel in the softmax. */
  readonly energy: tf.Variable;
}

/** Weights N(0, .02), the bias 0. @param count A, distinct attributes */
export function buildFeatureAttention(
  parameters: Parameters,
  { count, dimension: D }: { count: number; dimension: number },
): FeatureAttention {
  return {
    attributes: parameters.variable('attributes', [count + 1, D], normal(0.02)),
    hidden: parameters.variable('hidden', [D, D], normal(0.02)),
    hiddenBias: parameters.variable('hiddenBias', [D], constant(0), { weightDecay: false }),
    energy: parameters.variable('energy', [D, 1], normal(0.02)),
  };
}

/**
 * Each item's attributes as one vector: their mean, weighted by a softmax of e(a) = energyᵀ · relu(hidden · a + bias). An
 * item without attributes has the vector "none".
 * @param ids [N] item ids @returns [N, D]
 */
export function featureVectors(
  weights: FeatureAttention,
  attributes: ItemAttributes,
  ids: Int32Array,
): tf.Tensor2D {
  const D = weights.attributes.shape[1] as number;
  const items = [...new Set(ids)]; // each item once, however often the batch has it
  const { features, mask, width } = padded(attributes, items);
  const energies = linear(
    tf.relu(linear(weights.attributes, weights.hidden, weights.hiddenBias)),
    weights.energy,
  ); // [A + 1, 1]
  const at = tf.tensor1d(features, 'int32'); // [I·F]: I items with up to F attributes
  const scores = tf.reshape(gatherRows(energies as tf.Tensor2D, at), [items.length, width]);
  const shares = tf.softmax(tf.add(scores, tf.tensor2d(mask, [items.length, width]))); // [I, F]
  const vectors = tf.reshape(gatherRows(weights.attributes as unknown as tf.Tensor2D, at), [
    items.length,
    width,
    D,
  ]);
  const means: tf.Tensor2D = tf.reshape(tf.matMul(tf.expandDims(shares, 1), vectors), [items.length, D]);
  const place = new Map(items.map((item, i) => [item, i]));
  return gatherRows(means, tf.tensor1d(ids.map((item) => place.get(item) as number), 'int32')); // prettier-ignore
}

/** @returns attribute ids and what is added to their scores, each item's padded to the most that one has */
function padded(
  { offsets, values }: ItemAttributes,
  items: readonly number[],
): { features: Int32Array; mask: Float32Array; width: number } {
  const countOf = (item: number): number => offsets[item + 1] - offsets[item];
  const width = items.reduce((most, item) => Math.max(most, countOf(item)), 1);
  const features = new Int32Array(items.length * width);
  const mask = new Float32Array(items.length * width).fill(maskedScore);
  items.forEach((item, i) => {
    features.set(values.subarray(offsets[item], offsets[item + 1]), i * width);
    mask.fill(0, i * width, i * width + Math.max(1, countOf(item)));
  });
  return { features, mask, width };
}
