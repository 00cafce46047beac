import * as tf from '@tensorflow/tfjs-core';
import {
  type Parameters,
  type Pass,
  attention,
  constant,
  gatherRows,
  gelu,
  joinedAttention,
  linear,
  normal,
  relu,
  residual,
} from '@coco-rec/core';
import { type Norm, buildNorm, normalise } from './norm.js';

/** Weights of a block: self-attention, then a point-wise feed-forward layer. */
export interface TransformerBlock {
  readonly attentionNorm: Norm;
  readonly queryKeyValue: tf.Variable;
  readonly queryKeyValueBias: tf.Variable;
  readonly output: tf.Variable;
  readonly outputBias: tf.Variable;
  readonly feedForwardNorm: Norm;
  readonly inner: tf.Variable;
  readonly innerBias: tf.Variable;
  readonly outer: tf.Variable;
  readonly outerBias: tf.Variable;
}

export interface TransformerShape {
  /** D. */
  readonly dimension: number;
  /** Width of the feed-forward layer over D. */
  readonly feedForwardFactor: number;
}

export interface TransformerOptions {
  readonly numHeads: number;
  /** Of attention weights, of the feed-forward layer's inner values and of both outputs. */
  readonly dropout: number;
  /** Of the attention weights. Default: `dropout`. */
  readonly attentionDropout?: number;
  /** Of the feed-forward layer's inner values. Default: `dropout`. */
  readonly innerDropout?: number;
  /** Layer norm before each sub-layer, or after its residual sum. */
  readonly norm: 'pre' | 'post';
  readonly activation: 'relu' | 'gelu';
  /** Added to the attention scores: `causalMask` or `paddingMask`. */
  readonly mask: tf.Tensor;
  readonly pass: Pass;
}

/** Weights N(0, .02), biases 0. */
export function buildTransformerBlock(parameters: Parameters, shape: TransformerShape): TransformerBlock {
  const D = shape.dimension;
  const inner = D * shape.feedForwardFactor;
  const bias = { weightDecay: false };
  return {
    attentionNorm: buildNorm(parameters, 'attentionNorm', D),
    queryKeyValue: parameters.variable('queryKeyValue', [D, 3 * D], normal(0.02)),
    queryKeyValueBias: parameters.variable('queryKeyValueBias', [3 * D], constant(0), bias),
    output: parameters.variable('output', [D, D], normal(0.02)),
    outputBias: parameters.variable('outputBias', [D], constant(0), bias),
    feedForwardNorm: buildNorm(parameters, 'feedForwardNorm', D),
    inner: parameters.variable('inner', [D, inner], normal(0.02)),
    innerBias: parameters.variable('innerBias', [inner], constant(0), bias),
    outer: parameters.variable('outer', [inner, D], normal(0.02)),
    outerBias: parameters.variable('outerBias', [D], constant(0), bias),
  };
}

/** x + attention, then x + feed-forward. @param x [B, T, D] @returns [B, T, D] */
export function transformerBlock(
  block: TransformerBlock,
  x: tf.Tensor3D,
  options: TransformerOptions,
): tf.Tensor3D {
  const [B, T, D] = x.shape;
  return tf.reshape(transformRows(block, tf.reshape(x, [B * T, D]), B, options), [B, T, D]);
}

/** `transformerBlock` on vectors that lie one after another. @param x [B·T, D] @returns [B·T, D] */
export function transformRows(
  block: TransformerBlock,
  x: tf.Tensor2D,
  batchSize: number,
  options: TransformerOptions,
): tf.Tensor2D {
  const normal = options.norm === 'pre' ? normalise(x, block.attentionNorm) : x;
  return afterAttention(block, x, attendRows(block, normal, batchSize, options), options);
}

/**
 * `transformRows` for one vector of each sequence, where nothing else is asked of the last block; keys and values are those
 * of all.
 * @param x [B·T, D] @param chosen [B], a row of x for each sequence @param options `mask` [B, 1, 1, T] @returns [B, D]
 */
export function transformChosen(
  block: TransformerBlock,
  x: tf.Tensor2D,
  chosen: Int32Array,
  options: TransformerOptions,
): tf.Tensor2D {
  const ids = tf.tensor1d(chosen, 'int32');
  const normal = options.norm === 'pre' ? normalise(x, block.attentionNorm) : x;
  return afterAttention(block, gatherRows(x, ids), attendChosen(block, normal, ids, options), options);
}

/**
 * Self-attention of one vector of each sequence over all of its own, with its output projection.
 * @param x [B·T, D] @param chosen [B], a row of x for each sequence @param options `mask` [B, 1, 1, T] @returns [B, D]
 */
export function attendChosen(
  block: TransformerBlock,
  x: tf.Tensor2D,
  chosen: tf.Tensor1D,
  { numHeads: A, dropout: common, attentionDropout: rate = common, mask, pass }: TransformerOptions,
): tf.Tensor2D {
  const B = chosen.shape[0];
  const D = x.shape[1];
  const part = (rows: tf.Tensor2D, first: number): tf.Tensor4D => {
    const weight = tf.slice(block.queryKeyValue, [0, first * D], [D, D]);
    const projected = linear(rows, weight, tf.slice(block.queryKeyValueBias, [first * D], [D])); // [B·T or B, D]
    return tf.transpose(tf.reshape(projected, [B, -1, A, D / A]), [0, 2, 1, 3]); // [B, A, T or 1, d]
  };
  const query = part(gatherRows(x, chosen), 0);
  const dropout = pass.dropoutOptions(rate);
  const mixed = attention(query, part(x, 1), part(x, 2), { mask, dropout }); // [B, A, 1, d]
  return linear(tf.reshape<tf.Rank.R2>(mixed, [B, D]), block.output, block.outputBias);
}

/** Residual sums and the feed-forward layer. @param x [N, D] @param mixed attention's output for x @returns [N, D] */
function afterAttention(
  block: TransformerBlock,
  x: tf.Tensor2D,
  mixed: tf.Tensor2D,
  options: TransformerOptions,
): tf.Tensor2D {
  const { dropout, norm, pass } = options;
  const isPre = norm === 'pre';
  x = residual(x, mixed, { dropout: pass.dropoutOptions(dropout) });
  if (!isPre) x = normalise(x, block.attentionNorm);
  const outer = feedForward(block, isPre ? normalise(x, block.feedForwardNorm) : x, options); // [N, D]
  x = residual(x, outer, { dropout: pass.dropoutOptions(dropout) });
  return isPre ? x : normalise(x, block.feedForwardNorm);
}

/** Multi-head self-attention with its output projection, without dropout on the output. @returns [B, T, D] */
export function selfAttention(
  block: TransformerBlock,
  x: tf.Tensor3D,
  options: TransformerOptions,
): tf.Tensor3D {
  const [B, T, D] = x.shape;
  return tf.reshape(attendRows(block, tf.reshape(x, [B * T, D]), B, options), [B, T, D]);
}

/** @param x [B·T, D] @returns [B·T, D] */
function attendRows(
  block: TransformerBlock,
  x: tf.Tensor2D,
  batchSize: number,
  { numHeads: heads, dropout: common, attentionDropout: rate = common, mask, pass }: TransformerOptions,
): tf.Tensor2D {
  const joined = linear(x, block.queryKeyValue, block.queryKeyValueBias); // [B·T, 3D]
  const dropout = pass.dropoutOptions(rate);
  const mixed = joinedAttention(joined, { batchSize, heads, mask, dropout }); // [B·T, D]
  return linear(mixed, block.output, block.outputBias);
}

/** Two linear layers with an activation and dropout between them. @param x [..., D] @returns x's shape */
export function feedForward<T extends tf.Tensor>(
  block: TransformerBlock,
  x: T,
  { activation, dropout, innerDropout = dropout, pass }: TransformerOptions,
): T {
  const inner = linear(x, block.inner, block.innerBias); // [..., D · feedForwardFactor]
  const active = activation === 'relu' ? relu(inner) : gelu(inner);
  return linear(pass.dropout(active, innerDropout), block.outer, block.outerBias);
}
