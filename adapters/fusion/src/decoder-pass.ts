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
  /** The forward pass stays on the tape, and every row is passed back: no second reading, more memory. */
  readonly keepsTape?: boolean;
}

/**
 * The decoder's states for rows of vectors. Unless the tape is kept, nothing but the input is kept for the backward
 * pass, which reads again the rows that need a gradient.
 * @returns [S, N, H]; what stands past a row's length is meaningless
 */
export function readVectors(reading: VectorReading): tf.Tensor3D {
  const { embeddings, microBatch, lora, trainLora = true, known, backwardRows } = reading;
  const [, N, H] = embeddings.shape;
  if (reading.keepsTape) return readOnTape(reading);
  const states = recomputed(
    ([vectors], chunk) => {
      const rows = chunkRows(chunk);
      if (known && !chunk.rows) return tf.slice(known, [chunk.from, 0, 0], [rows.length, N, H]);
      return readRows(reading, vectors as tf.Tensor3D, rows);
    },
    [embeddings],
    lora && trainLora ? lora.variables : [],
    { chunkSize: microBatch, backwardRows },
  );
  return states as tf.Tensor3D;
}

function readOnTape(reading: VectorReading): tf.Tensor3D {
  const { embeddings, microBatch } = reading;
  const [S, N, H] = embeddings.shape;
  const parts: tf.Tensor3D[] = [];
  for (let from = 0; from < S; from += microBatch) {
    const size = Math.min(microBatch, S - from);
    const rows = Int32Array.from({ length: size }, (_, i) => from + i);
    parts.push(readRows(reading, tf.slice(embeddings, [from, 0, 0], [size, N, H]), rows));
  }
  return parts.length === 1 ? parts[0] : tf.concat3d(parts, 0);
}

/** @param vectors of these rows [n, N, H] @returns [n, N, H] */
function readRows(reading: VectorReading, vectors: tf.Tensor3D, rows: Int32Array): tf.Tensor3D {
  const { decoder, lengths, lora, dropoutKey } = reading;
  const [size, N, H] = vectors.shape;
  const counts = rows.map((row) => lengths[row]);
  const width = counts.reduce((a, b) => Math.max(a, b), 1);
  const pass: DecoderPass = { lora, dropoutKey, dropoutRows: rows };
  const own = tf.slice(vectors, [0, 0, 0], [size, width, H]);
  const read = decoder.forward(own, counts, pass); // [n, w, H]
  return width < N ? tf.pad(read, [[0, 0], [0, N - width], [0, 0]]) : read; // prettier-ignore
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
