import * as tf from '@tensorflow/tfjs-core';
import { customOp, gradientsOf } from './tape.js';

/** The part of the rows that one call of `forward` works on. */
export interface Chunk {
  /** Place of the chunk's first row: among all rows in the forward pass, among the selected ones in the backward. */
  readonly from: number;
  /** Place after its last row. */
  readonly to: number;
  /** In the backward pass: the number of each row of the chunk. Undefined in the forward pass: rows `from` to `to`. */
  readonly rows: Int32Array | undefined;
}

/** Makes the output of the rows of a chunk. @returns [rows of the chunk, ...]; row i depends on row i of the inputs */
export type ChunkForward = (chunkInputs: tf.Tensor[], chunk: Chunk) => tf.Tensor;

export interface RecomputedOptions {
  /** Rows a call. */
  readonly chunkSize: number;
  /** The rows that get a gradient; read when the backward pass starts. Default: all. */
  readonly backwardRows?: () => Int32Array;
}

/** The number of each row of a chunk, in either pass. */
export function chunkRows({ from, to, rows }: Chunk): Int32Array {
  return rows ?? Int32Array.from({ length: to - from }, (_, i) => from + i);
}

/**
 * A checkpointed op: the forward pass runs chunk by chunk without tape and keeps nothing but the inputs; the backward
 * pass runs `forward` again with tape, for the selected rows only. Dropout inside must take its counters from the row
 * numbers (`dropout`'s `rows`), so that a row drops the same in both passes.
 * @param inputs each [S, ...] @param variables shared weights that need gradients; they must outlive the backward pass
 * @returns [S, ...]; unselected rows pass no gradient to inputs or variables
 */
export function recomputed(
  forward: ChunkForward,
  inputs: readonly tf.Tensor[],
  variables: readonly tf.Tensor[],
  { chunkSize, backwardRows }: RecomputedOptions,
): tf.Tensor {
  const count = inputs[0].shape[0] as number;
  const named = Object.fromEntries([...inputs, ...variables].map((tensor, i) => [String(i), tensor]));
  return customOp(
    named,
    (save) => {
      save([...inputs]);
      const parts = chunksOf(count, chunkSize).map(([from, to]) =>
        tf.tidy(() =>
          forward(
            inputs.map((input) => sliceRows(input, from, to)),
            { from, to, rows: undefined },
          ),
        ),
      );
      return parts.length === 1 ? parts[0] : tf.concat(parts, 0);
    },
    (dy, saved) => {
      const rows = backwardRows?.();
      const gradients = tf.tidy(() =>
        backwardPass({ forward, inputs: saved, variables, dy, rows, chunkSize }),
      );
      return Object.fromEntries(gradients.map((gradient, i) => [String(i), () => gradient]));
    },
  );
}

interface BackwardPass {
  readonly forward: ChunkForward;
  readonly inputs: readonly tf.Tensor[];
  readonly variables: readonly tf.Tensor[];
  readonly dy: tf.Tensor;
  readonly rows: Int32Array | undefined;
  readonly chunkSize: number;
}

/** @returns gradients of the inputs, then of the variables */
function backwardPass(pass: BackwardPass): tf.Tensor[] {
  const { inputs, variables, rows, chunkSize } = pass;
  const count = inputs[0].shape[0] as number;
  const selected = rows ?? Int32Array.from({ length: count }, (_, i) => i);
  const parts: tf.Tensor[][] = inputs.map(() => []);
  let sums = variables.map((variable): tf.Tensor => tf.zerosLike(variable));
  for (const [from, to] of chunksOf(selected.length, chunkSize)) {
    if (selected.length === 0) break;
    const next = tf.tidy(() => {
      const gradients = chunkGradients(pass, { from, to, rows: selected.subarray(from, to) });
      const added = sums.map((sum, i) => tf.add(sum, gradients[inputs.length + i]));
      return { own: gradients.slice(0, inputs.length), added };
    });
    tf.dispose(sums);
    sums = next.added;
    next.own.forEach((gradient, i) => parts[i].push(gradient));
  }
  return [...inputs.map((input, i) => spreadRows(parts[i], input, selected)), ...sums];
}

function chunkGradients({ forward, inputs, variables, dy }: BackwardPass, chunk: Chunk): tf.Tensor[] {
  const ids = tf.tensor1d(chunkRows(chunk), 'int32');
  const chunkInputs = inputs.map((input) => tf.gather(input, ids));
  const xs = [...chunkInputs, ...variables];
  const { gradients } = gradientsOf(() => forward(chunkInputs, chunk), xs, tf.gather(dy, ids));
  return gradients.map((gradient, i) => gradient ?? tf.zerosLike(xs[i]));
}

/** Puts the selected rows' gradients at their places, zeros elsewhere. @returns `like`'s shape */
function spreadRows(parts: readonly tf.Tensor[], like: tf.Tensor, selected: Int32Array): tf.Tensor {
  if (parts.length === 0) return tf.zerosLike(like);
  const [count, ...rest] = like.shape;
  const sources = new Int32Array(count).fill(selected.length); // the row of zeros
  selected.forEach((row, i) => (sources[row] = i));
  const all = tf.concat([...parts, tf.zeros([1, ...rest])], 0);
  return tf.gather(all, tf.tensor1d(sources, 'int32'));
}

/** Ranges of at most `size` that cover 0..count; one empty range for count 0. */
function chunksOf(count: number, size: number): [number, number][] {
  const ranges: [number, number][] = [];
  for (let from = 0; from < count || from === 0; from += size)
    ranges.push([from, Math.min(count, from + size)]);
  return ranges;
}

function sliceRows(x: tf.Tensor, from: number, to: number): tf.Tensor {
  const rest = x.shape.slice(1);
  return tf.slice(x, [from, ...rest.map(() => 0)], [to - from, ...rest]);
}
