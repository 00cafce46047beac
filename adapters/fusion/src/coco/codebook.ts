/**
 * The codebook of soft prompts (eq. 2, 4, 6). Selection compares directions: query normalise(W_e · RMSnorm(h_u) − mean over
 * users) with key normalise(z_i − mean z), since raw prompts share one large direction, raw queries come to share one
 * as states drift, and a softmax over 64 cannot pass θ.
 *
 * L_Q in its form `unit` pulls together a query and its nearest prompt, as in vector quantisation (van den Oord et al.,
 * NeurIPS 2017), not every selected one (eq. 4): that draws six prompts to each query and each query to the mean of six,
 * until all are one.
 */
import * as tf from '@tensorflow/tfjs-core';
import {
  type Initializer,
  type Parameters,
  constant,
  customOp,
  gatherRows,
  l2Normalise,
  linear,
  normal,
  xavier,
} from '@coco-rec/core';
import { constantOf, rowsAt, unitScale } from '../row-ops.js';
import type { CodebookConfig } from './groups.js';
import { type Selection, selectPrompts } from './selection.js';

/** Weight of the query's side in the quantisation loss, beside the prompts' side. */
const commitment = 0.25;

export interface CodebookShape {
  /** D. */
  readonly dimension: number;
  /** H. */
  readonly hiddenSize: number;
  /** Euclidean norm of prompts at the start: that of token embeddings. */
  readonly norm: number;
  /** First prompts [K·H] of any scale; default random. */
  readonly first?: Float32Array;
}

/** Queries, keys and cosines of S user states. */
export interface Reading {
  /** e_u [S, H] */
  readonly raw: tf.Tensor2D;
  /** q [S, H] */
  readonly queries: tf.Tensor2D;
  /** [K, H] */
  readonly keys: tf.Tensor2D;
  /** [S, K] */
  readonly cosines: tf.Tensor2D;
}

export class Codebook {
  /** Z [K, H] */
  readonly vectors: tf.Variable;
  /** z_share [2, H], outside selection and losses. */
  readonly shared: tf.Variable;
  /** W_e [D, H] */
  readonly projection: tf.Variable;
  /** Mean of W_e · RMSnorm(h_u) over users, as of the last epoch. [1, H] */
  readonly centre: tf.Variable;

  constructor(
    parameters: Parameters,
    readonly settings: Required<CodebookConfig>,
    readonly shape: CodebookShape,
  ) {
    const { dimension, hiddenSize: H, norm, first } = shape;
    const deviation = norm / Math.sqrt(H);
    const given: Initializer = () => ofNorm(first ?? new Float32Array(), H, norm);
    // Weight decay would pull prompts below the norm of token embeddings, and undo the fit of W_e.
    const kept = { weightDecay: false };
    const start = first ? given : normal(deviation);
    this.vectors = parameters.variable('vectors', [settings.size, H], start, kept);
    this.shared = parameters.variable('shared', [settings.shared, H], normal(deviation), kept);
    this.projection = parameters.variable('projection', [dimension, H], xavier, kept);
    this.centre = parameters.variable('centre', [1, H], constant(0), { trainable: false });
  }

  /** @param states h_u [S, D] */
  read(states: tf.Tensor2D): Reading {
    const raw = linear(unitScale(states), this.projection); // [S, H]
    const queries = l2Normalise(tf.sub(raw, this.centre)) as tf.Tensor2D;
    const centred = tf.sub(this.vectors, tf.mean(this.vectors, 0, true)) as tf.Tensor2D; // [K, H]
    const keys = l2Normalise(centred);
    return { raw, queries, keys, cosines: tf.matMul(queries, keys, false, true) };
  }

  /** Reads the cosines from the engine. */
  select({ cosines }: Reading): Selection {
    return selectPrompts(cosines.dataSync<'float32'>(), this.settings.size, this.settings);
  }

  /** Shared prompts, then the selected ones, each as z · (1 + c − sg(c)): L_r teaches W_e. @returns [2 + M, H] */
  prompts({ cosines }: Reading, { sequences, codewords }: Selection): tf.Tensor2D {
    const shared = this.shared as unknown as tf.Tensor2D;
    if (codewords.length === 0) return tf.clone(shared);
    const vectors = rowsAt(this.vectors, codewords); // [M, H]
    const own = pairsOf(cosines, sequences, codewords); // [M, 1]
    return tf.concat([shared, straightThrough(vectors, own)], 0);
  }

  /** L_ortho (eq. 6) and L_Q (eq. 4). */
  losses(reading: Reading, selection: Selection): { orthogonality: tf.Scalar; quantisation: tf.Scalar } {
    const { settings, vectors } = this;
    const values = vectors as unknown as tf.Tensor2D;
    return {
      orthogonality: settings.orthogonality === 'literal' ? rawCosines(values) : squaredCosines(reading.keys),
      quantisation:
        settings.quantisation === 'literal'
          ? rawDistance(reading, values, selection)
          : unitDistance(reading, selection),
    };
  }
}

/** Σ over i < j of cos(z_i, z_j), eq. 6 as written. @param vectors [K, H] */
function rawCosines(vectors: tf.Tensor2D): tf.Scalar {
  const units = l2Normalise(vectors);
  return tf.div(tf.sum(offDiagonal(tf.matMul(units, units, false, true))), 2) as tf.Scalar;
}

/** Mean over i < j of the squared cosine of centred prompts. @param keys [K, H] */
function squaredCosines(keys: tf.Tensor2D): tf.Scalar {
  const K = keys.shape[0];
  const squares = tf.square(tf.matMul(keys, keys, false, true)); // [K, K]
  return tf.div(tf.sum(offDiagonal(squares)), K * (K - 1)) as tf.Scalar;
}

function offDiagonal(matrix: tf.Tensor): tf.Tensor {
  return tf.mul(matrix, tf.sub(1, tf.eye(matrix.shape[0])));
}

/** Mean ‖e_u − z_k‖² over selected pairs, eq. 4 as written. */
function rawDistance({ raw }: Reading, vectors: tf.Tensor2D, { sequences, codewords }: Selection): tf.Scalar {
  if (codewords.length === 0) return tf.scalar(0);
  const difference = tf.sub(rowsAt(raw, sequences), rowsAt(vectors, codewords)); // [M, H]
  return tf.mean(tf.sum(tf.square(difference), 1)) as tf.Scalar;
}

/**
 * Mean over users of ‖sg(q) − k‖² + .25 ‖q − sg(k)‖², k the nearest of the selected prompts; unit vectors, where
 * ‖q − k‖² = 2 − 2 q·k.
 */
function unitDistance({ queries, keys }: Reading, selection: Selection): tf.Scalar {
  const { sequences, codewords } = nearest(selection);
  if (codewords.length === 0) return tf.scalar(0);
  const distance = (q: tf.Tensor2D, k: tf.Tensor2D): tf.Tensor =>
    tf.mean(tf.sub(2, tf.mul(2, pairsOf(tf.matMul(q, k, false, true), sequences, codewords))));
  const moveKeys = distance(constantOf(queries), keys);
  return tf.add(moveKeys, tf.mul(commitment, distance(queries, constantOf(keys)))) as tf.Scalar;
}

/** The first prompt of each sequence: they stand by falling cosine. */
function nearest({ sequences, codewords }: Selection): Pick<Selection, 'sequences' | 'codewords'> {
  const isFirst = (_: number, m: number): boolean => m === 0 || sequences[m] !== sequences[m - 1];
  return { sequences: sequences.filter(isFirst), codewords: codewords.filter((_, m) => isFirst(0, m)) };
}

/** Elements (sequence, codeword) of a matrix. @param matrix [S, K] @returns [M, 1] */
function pairsOf(matrix: tf.Tensor2D, sequences: Int32Array, codewords: Int32Array): tf.Tensor2D {
  const [S, K] = matrix.shape;
  const ids = sequences.map((s, m) => s * K + codewords[m]);
  return gatherRows(tf.reshape(matrix, [S * K, 1]), tf.tensor1d(ids, 'int32'));
}

/** z · (1 + c − sg(c)): z, with ∂/∂c = z. @param z [M, H] @param c [M, 1] @returns [M, H] */
function straightThrough(z: tf.Tensor2D, c: tf.Tensor2D): tf.Tensor2D {
  return customOp(
    { z, c },
    (save) => {
      save([z]);
      return tf.clone(z);
    },
    (dy, [vectors]) => ({ z: () => tf.clone(dy), c: () => tf.sum(tf.mul(dy, vectors), 1, true) }),
  );
}

/** Rows scaled to a norm. @param rows [N·H] */
export function ofNorm(rows: Float32Array, H: number, norm: number): Float32Array {
  const scaled = new Float32Array(rows.length);
  for (let n = 0; n < rows.length / H; n++) {
    const row = rows.subarray(n * H, (n + 1) * H);
    const scale = norm / Math.max(1e-12, Math.sqrt(row.reduce((sum, value) => sum + value * value, 0)));
    row.forEach((value, h) => (scaled[n * H + h] = value * scale));
  }
  return scaled;
}
