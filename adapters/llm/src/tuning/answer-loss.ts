import * as tf from '@tensorflow/tfjs-core';
import { type DecoderPass, gatherRows, linearCrossEntropy } from '@coco-rec/core';
import type { LocalDecoder } from '../decoder/local-decoder.js';
import type { Example } from './examples.js';

/**
 * Sum of the cross-entropies of all answer tokens, each given what stands before it. A prompt's tokens are read and not
 * learnt: they are no labels here. Call it inside a tidy.
 */
export function answerLoss(
  decoder: LocalDecoder,
  examples: readonly Example[],
  pass: DecoderPass = {},
): tf.Scalar {
  const lengths = Int32Array.from(examples, ({ ids }) => ids.length - 1); // nothing comes after the last token
  const [B, T, H] = [examples.length, Math.max(...lengths), decoder.hiddenSize];
  const read = new Int32Array(B * T);
  const places: number[] = [];
  const labels: number[] = [];
  examples.forEach(({ ids, promptLength }, b) => {
    read.set(ids.slice(0, -1), b * T);
    for (let t = promptLength; t < ids.length; t++) {
      places.push(b * T + t - 1);
      labels.push(ids[t]);
    }
  });
  const embeddings: tf.Tensor3D = tf.reshape(decoder.embed(tf.tensor1d(read, 'int32')), [B, T, H]);
  const states: tf.Tensor2D = tf.reshape(decoder.forward(embeddings, lengths, pass), [B * T, H]);
  const before = gatherRows(states, tf.tensor1d(places, 'int32')); // [answer tokens, H]
  const losses = linearCrossEntropy(before, decoder.weights.head, tf.tensor1d(labels, 'int32'), {
    firstItem: 0,
  });
  return tf.sum(losses);
}
