import * as tf from '@tensorflow/tfjs-core';
import {
  type DecoderPass,
  type DifferentiableDecoder,
  type LoraWeights,
  chunkRows,
  recomputed,
} from '@coco-rec/core';

export interface VectorReading {
  readonly decoder: DifferentiableDecoder;
  /** [S, N, H], padded on the right. */
  readonly embeddings: tf.Tensor3D;
  /** [S] valid vectors, rising; see `byLength`. */
  readonly lengths: Int32Array;
  /** Rows that the decoder reads at a time. */
  readonly microBatch: number;
  /** LoRA takes part; `trainLora: false`: its weights get no gradient. */
  readonly lora?: LoraWeights;
  readonly trainLora?: boolean;
  /** Dropout inside LoRA. */
  readonly dropoutKey?: number;
  /** Rows that get a gradient, asked for when the backward pass starts. Default: all. */
  readonly backwardRows?: () => Int32Array;
  /** Result of an earlier reading of the same input, instead of a forward pass. [S, N, H] */
  readonly known?: tf.Tensor3D;
}

/**
 * The decoder's states for rows of vectors. Nothing but the input is kept for the backward pass, which reads again the
 * rows that need a gradient.
 * @returns [S, N, H]; what stands past a row's length is meaningless
 */
export function readVectors(reading: VectorReading): tf.Tensor3D {
  const { decoder, embeddings, lengths, microBatch, lora, trainLora = true, known, dropoutKey } = reading;
  const [, N, H] = embeddings.shape;
  const states = recomputed(
    ([vectors], chunk) => {
      const rows = chunkRows(chunk);
      const size = rows.length;
      if (known && !chunk.rows) return tf.slice(known, [chunk.from, 0, 0], [size, N, H]);
      const counts = rows.map((row) => lengths[row]);
      const width = counts.reduce((a, b) => Math.max(a, b), 1);
      const pass: DecoderPass = { lora, dropoutKey, dropoutRows: rows };
      const own = tf.slice(vectors as tf.Tensor3D, [0, 0, 0], [size, width, H]);
      const read = decoder.forward(own, counts, pass); // [n, w, H]
      return width < N ? tf.pad(read, [[0, 0], [0, N - width], [0, 0]]) : read; // prettier-ignore
    },
    [embeddings],
    lora && trainLora ? lora.variables : [],
    { chunkSize: microBatch, backwardRows: reading.backwardRows },
  );
  return states as tf.Tensor3D;
}

/** The order of rising length (ties keep theirs), and each entry's place in it. */
export function byLength(lengths: ArrayLike<number>): { order: Int32Array; rank: Int32Array } {
  const order = Int32Array.from({ length: lengths.length }, (_, i) => i).sort(
    (a, b) => lengths[a] - lengths[b],
  );
  const rank = new Int32Array(order.length);
  order.forEach((s, i) => (rank[s] = i));
  return { order, rank };
}
