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
import { type TextFeatures, textFeatures } from './text-features.js';

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
 * Each item's attributes as one vector: their mean, weighted by a softmax of e(a) = energyᵀ · relu(hidden · a + bias). With
 * `texts`, the item's text is one feature more. An item without any feature has the vector "none".
 * @param ids [N] item ids @returns [N, D]
 */
export function featureVectors(
  weights: FeatureAttention,
  attributes: ItemAttributes,
  ids: Int32Array,
  texts?: TextFeatures,
): tf.Tensor2D {
  return ofEachItem(ids, (items) => {
    const D = weights.attributes.shape[1] as number;
    const { features, mask, width } = padded(attributes, items, texts);
    const at = tf.tensor1d(features, 'int32'); // [I·F]: I items with up to F attributes
    const table = weights.attributes as unknown as tf.Tensor2D;
    const scores = [tf.reshape(gatherRows(energiesOf(weights, table), at), [items.length, width])];
    const vectors = [tf.reshape(gatherRows(table, at), [items.length, width, D])];
    if (texts) {
      const own = textFeatures(texts, items); // [I, D]
      scores.push(energiesOf(weights, own));
      vectors.push(tf.expandDims(own, 1));
    }
    const allowed = tf.tensor2d(mask, [items.length, mask.length / items.length]);
    const shares = tf.softmax(tf.add(tf.concat(scores, 1), allowed)); // [I, F], with texts [I, F + 1]
    return tf.reshape(tf.matMul(tf.expandDims(shares, 1), tf.concat(vectors, 1)), [items.length, D]);
  });
}

/** Computes vectors once for each item that stands in `ids`, however often. @returns [N, D] */
export function ofEachItem(
  ids: Int32Array,
  vectorsOf: (items: readonly number[]) => tf.Tensor2D,
): tf.Tensor2D {
  const items = [...new Set(ids)];
  const place = new Map(items.map((item, i) => [item, i]));
  const places = ids.map((item) => place.get(item) as number);
  return gatherRows(vectorsOf(items), tf.tensor1d(places, 'int32'));
}

/** @param features [N, D] @returns [N, 1] */
function energiesOf({ hidden, hiddenBias, energy }: FeatureAttention, features: tf.Tensor2D): tf.Tensor2D {
  return linear(tf.relu(linear(features, hidden, hiddenBias)), energy) as tf.Tensor2D;
}

/**
 * @returns attribute ids, each item's padded to the most that one has (F), and what is added to the scores [I·F]; with
 *   texts [I·(F + 1)], the text's last
 */
function padded(
  { offsets, values }: ItemAttributes,
  items: readonly number[],
  texts: TextFeatures | undefined,
): { features: Int32Array; mask: Float32Array; width: number } {
  const countOf = (item: number): number => offsets[item + 1] - offsets[item];
  const width = items.reduce((most, item) => Math.max(most, countOf(item)), 1);
  const columns = texts ? width + 1 : width;
  const features = new Int32Array(items.length * width);
  const mask = new Float32Array(items.length * columns).fill(maskedScore);
  items.forEach((item, i) => {
    const hasText = texts?.texts.hasText[item] === 1;
    features.set(values.subarray(offsets[item], offsets[item + 1]), i * width);
    const count = hasText ? countOf(item) : Math.max(1, countOf(item));
    mask.fill(0, i * columns, i * columns + count);
    if (hasText) mask[i * columns + width] = 0;
  });
  return { features, mask, width };
}
