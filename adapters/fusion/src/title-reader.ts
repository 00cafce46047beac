import * as tf from '@tensorflow/tfjs-core';
import type { DifferentiableDecoder } from '@coco-rec/core';
import { byLength, readVectors } from './decoder-pass.js';
import { type FusedRows, copyRows, distinct } from './fused-rows.js';
import type { ItemText } from './item-text.js';
import { rescale, rowsAt, unitScale } from './row-ops.js';

/**
 * The frozen language model reads the titles of each history, one vector a title, oldest first. A row's vector is the
 * mean of the states at the titles it may see, scaled to mean square 1; zero for other rows.
 * @returns [rowCount, H]
 */
export function readTitles(
  decoder: DifferentiableDecoder,
  text: ItemText,
  fused: FusedRows,
  { rowCount, microBatch }: { rowCount: number; microBatch: number },
): tf.Tensor2D {
  const H = text.hiddenSize;
  const rows = Array.from({ length: fused.count }, (_, p) => p).filter((p) => fused.visibleTitles[p] > 0);
  if (rows.length === 0) return tf.zeros([rowCount, H]);
  const { order, rank } = byLength(fused.titles.map((titles) => titles.length));
  const N = Math.max(...fused.titles.map((titles) => titles.length));
  const { ids, placeOf } = distinct(fused.titles);
  const index = new Int32Array(order.length * N); // 0: the row of zeros
  order.forEach((s, i) =>
    fused.titles[s].forEach((item, t) => (index[i * N + t] = 1 + (placeOf.get(item) ?? 0))),
  );
  const vectors = tf.tensor2d(copyRows(text.table.values, H, ids), [ids.length, H]);
  const source = tf.concat([tf.zeros([1, H]), rescale(vectors, decoder.embeddingNorm)], 0);
  const embeddings: tf.Tensor3D = tf.reshape(rowsAt(source, index), [order.length, N, H]);
  const lengths = order.map((s) => Math.max(1, fused.titles[s].length));
  const states = readVectors({ decoder, embeddings, lengths, microBatch }); // [S, N, H]
  const weights = new Float32Array(rows.length * N);
  rows.forEach((p, i) => weights.fill(1 / fused.visibleTitles[p], i * N, i * N + fused.visibleTitles[p]));
  const own = rowsAt(
    tf.reshape(states, [order.length, N * H]),
    Int32Array.from(rows, (p) => rank[fused.sequenceOf[p]]),
  );
  const means = tf.matMul(tf.tensor3d(weights, [rows.length, 1, N]), tf.reshape(own, [rows.length, N, H]));
  const place = new Int32Array(rowCount).fill(rows.length);
  rows.forEach((p, i) => (place[fused.rows[p]] = i));
  const all = tf.concat([unitScale(tf.reshape(means, [rows.length, H])), tf.zeros([1, H])], 0);
  return rowsAt(all as tf.Tensor2D, place);
}
