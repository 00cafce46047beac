import * as tf from '@tensorflow/tfjs-core';
import { type ItemTextVectors, type Parameters, constant, linear, normal } from '@coco-rec/core';

/** Item texts as features: vectors of a language model, which stay as they are, and what projects them. */
export interface TextFeatures {
  readonly texts: ItemTextVectors;
  /** [H, D] */
  readonly weight: tf.Variable;
  readonly bias: tf.Variable;
}

/**
 * Weights N(0, .02) on vectors over √H, so that a text begins as large as an attribute's vector and a step of Adam, alike for
 * every weight, does not move it √H times as far; the bias 0. @param dimension D
 */
export function buildTextFeatures(
  parameters: Parameters,
  texts: ItemTextVectors,
  dimension: number,
): TextFeatures {
  const { hiddenSize: H } = texts;
  return {
    texts,
    weight: parameters.variable('weight', [H, dimension], normal(0.02)),
    bias: parameters.variable('bias', [dimension], constant(0), { weightDecay: false }),
  };
}

/** The texts of items, projected; an item without text has the bias. @param items [I] ids @returns [I, D] */
export function textFeatures({ texts, weight, bias }: TextFeatures, items: readonly number[]): tf.Tensor2D {
  const { values, hiddenSize: H } = texts;
  const rows = new Float32Array(items.length * H);
  items.forEach((item, i) => rows.set(values.subarray(item * H, (item + 1) * H), i * H));
  const scaled = tf.div(tf.tensor2d(rows, [items.length, H]), Math.sqrt(H)); // [I, H]
  return linear(scaled, weight, bias) as tf.Tensor2D;
}
