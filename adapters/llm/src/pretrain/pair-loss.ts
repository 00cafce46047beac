import * as tf from '@tensorflow/tfjs-core';
import { l2Normalise, linearCrossEntropy } from '@coco-rec/core';
import { bareText, poolTexts } from '../decoder/pool-texts.js';
import type { LocalDecoder } from '../decoder/local-decoder.js';

/** Token ids of two texts that say the same. */
export type PairIds = readonly [readonly number[], readonly number[]];

/**
 * InfoNCE (van den Oord et al. 2018, "Representation Learning with Contrastive Predictive Coding") on the vectors that
 * `encode` gives, as SimCSE trains sentence vectors (Gao et al. 2021): of all second texts the first one's own must be
 * nearest by cosine, and the other way round. Call it inside a tidy.
 * @param pairs [P] @param temperature what cosines are divided by, default .05
 * @param layers blocks that are read before the final norm
 * @returns mean cross-entropy of both ways
 */
export function pairLoss(
  decoder: LocalDecoder,
  pairs: readonly PairIds[],
  temperature = 0.05,
  layers = decoder.numLayers,
): tf.Scalar {
  const P = pairs.length;
  const rows = [0, 1].flatMap((side) => pairs.map((pair) => bareText(pair[side])));
  const unit = l2Normalise(poolTexts(decoder, rows, [{ pooling: 'mean', layers }])); // [2 P, H]
  const [first, second] = [0, P].map((from) => tf.slice(unit, [from, 0], [P, decoder.hiddenSize]));
  const own = tf.range(0, P, 1, 'int32');
  const way = (from: tf.Tensor, to: tf.Tensor): tf.Tensor =>
    linearCrossEntropy(tf.div(from, temperature) as tf.Tensor2D, to as tf.Tensor2D, own, { firstItem: 0 });
  return tf.mean(tf.concat([way(first, second), way(second, first)]));
}
