import * as tf from '@tensorflow/tfjs-core';
import {
  type DecoderPass,
  type DifferentiableDecoder,
  type LoraWeights,
  chunkRows,
  hash32,
  recomputed,
} from '@coco-rec/core';

/** Lengths are rounded up to a multiple of this, so that a micro-batch pads little. */
const lengthStep = 4;

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

/** `dropoutRows`: the number of each row, so that a row drops the same in whatever micro-batch it is read again. */
type RowPass = DecoderPass & { readonly dropoutRows?: Int32Array };

/**
 * The decoder's states for rows of vectors. Nothing but the input is kept for the backward pass, which reads again the
 * rows that need a gradient.
 * @returns [S, N, H]; what stands past a row's length is meaningless
 */
export function readVectors(reading: VectorReading): tf.Tensor3D {
  const { embeddings, lengths } = reading;
  const [, N, H] = embeddings.shape;
  const parts = lengthClasses(lengths, N).map(({ from, to, width }) => {
    const own = tf.slice(embeddings, [from, 0, 0], [to - from, width, H]); // [n, w, H]
    const states = readClass(reading, own, from, to);
    return width < N ? tf.pad(states, [[0, 0], [0, N - width], [0, 0]]) : states; // prettier-ignore
  });
  return (parts.length === 1 ? parts[0] : tf.concat(parts, 0)) as tf.Tensor3D;
}

/** Rows of one padded width: only so does an element keep its place in a row, and with it its dropout counter. */
function readClass(reading: VectorReading, own: tf.Tensor3D, from: number, to: number): tf.Tensor3D {
  const { decoder, lengths, microBatch, lora, trainLora = true, backwardRows, known } = reading;
  const [, width, H] = own.shape;
  const dropoutKey = reading.dropoutKey === undefined ? undefined : hash32(reading.dropoutKey, from);
  const chosen =
    backwardRows &&
    (() =>
      backwardRows()
        .filter((row) => row >= from && row < to)
        .map((row) => row - from));
  const states = recomputed(
    ([vectors], chunk) => {
      const rows = chunkRows(chunk);
      if (known && !chunk.rows) {
        return tf.slice(known, [from + chunk.from, 0, 0], [chunk.to - chunk.from, width, H]);
      }
      const pass: RowPass = { lora, dropoutKey, dropoutRows: rows };
      const counts = rows.map((row) => lengths[from + row]);
      return decoder.forward(vectors as tf.Tensor3D, counts, pass);
    },
    [own],
    lora && trainLora ? lora.variables : [],
    { chunkSize: microBatch, backwardRows: chosen },
  );
  return states as tf.Tensor3D;
}

/** Ranges of rows with one padded width each. */
function lengthClasses(lengths: Int32Array, N: number): { from: number; to: number; width: number }[] {
  const widthOf = (length: number): number =>
    Math.min(N, Math.max(1, Math.ceil(length / lengthStep)) * lengthStep);
  const classes: { from: number; to: number; width: number }[] = [];
  lengths.forEach((length, row) => {
    const width = widthOf(length);
    const last = classes[classes.length - 1];
    if (last && last.width === width) last.to = row + 1;
    else classes.push({ from: row, to: row + 1, width });
  });
  return classes;
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
