import * as tf from '@tensorflow/tfjs-core';
import { type ItemVectors, type Parameters, type Pass, normal } from '@coco-rec/core';
import { type Norm, buildNorm, normalise } from './norm.js';
import { positionsFromNewest } from './positions.js';
import {
  type TransformerBlock,
  type TransformerOptions,
  type TransformerShape,
  buildTransformerBlock,
  transformChosen,
  transformRows,
} from './transformer-block.js';

/**
 * The encoder of BERT (Devlin et al. 2019), of BERT4Rec's and S3-Rec's code too: learned positions, layer norm after each
 * sum, GELU. What a position sees is the mask's business.
 */
export interface BertEncoder {
  /** The vector of a hidden item. [D] */
  readonly maskVector: tf.Variable;
  /** [positions, D] */
  readonly positions: tf.Variable;
  readonly norm: Norm;
  readonly blocks: readonly TransformerBlock[];
}

export interface BertShape extends TransformerShape {
  readonly numLayers: number;
  /** Places of the longest sequence. */
  readonly positions: number;
}

export interface BertOptions {
  readonly numHeads: number;
  /** Of the embeddings and of each sub-layer's output. */
  readonly dropout: number;
  /** Of the attention weights. */
  readonly attentionDropout: number;
  /** `paddingMask` or `causalMask`. */
  readonly mask: tf.Tensor;
  readonly pass: Pass;
  /** [B] the sequences' lengths, for positions that count back from the newest place. Default: they count from the oldest. */
  readonly fromNewest?: Int32Array;
}

/** Weights N(0, .02), biases 0. */
export function buildBertEncoder(parameters: Parameters, shape: BertShape): BertEncoder {
  return {
    maskVector: parameters.variable('mask', [shape.dimension], normal(0.02)),
    positions: parameters.variable('positions', [shape.positions, shape.dimension], normal(0.02)),
    norm: buildNorm(parameters, 'norm', shape.dimension),
    blocks: Array.from({ length: shape.numLayers }, (_, i) =>
      buildTransformerBlock(parameters.scope(`block${i}`), shape),
    ),
  };
}

/** Item vectors, and the MASK's where the id is 0 (at padding as well, which nothing sees). @returns [B, T, D] */
export function tokenVectors(
  { maskVector }: BertEncoder,
  itemIds: tf.Tensor2D,
  items: ItemVectors,
): tf.Tensor3D {
  const [B, T] = itemIds.shape;
  const ids = tf.reshape(itemIds, [B * T]) as tf.Tensor1D;
  const isItem = tf.expandDims(tf.cast(tf.greater(ids, 0), 'float32'), 1); // [B·T, 1]
  const hidden = tf.mul(maskVector, tf.sub(1, isItem)); // [B·T, D]
  return tf.reshape(tf.add(tf.mul(items.gather(ids), isItem), hidden), [B, T, items.dimension]);
}

/** @param vectors of the places [B, T, D] @returns states [B, T, D] */
export function bertEncode(encoder: BertEncoder, vectors: tf.Tensor3D, options: BertOptions): tf.Tensor3D {
  const [B, T, D] = vectors.shape;
  let x = embedded(encoder, vectors, options); // [B·T, D]
  for (const block of encoder.blocks) x = transformRows(block, x, B, blockOptions(options));
  return tf.reshape(x, [B, T, D]);
}

/**
 * `bertEncode` for one place of each sequence, which costs little in the last block.
 * @param vectors of the places [B, T, D] @param chosen [B], each a row of [B·T] @param options `mask` [B, 1, 1, T]
 * @returns states [B, D]
 */
export function bertEncodeChosen(
  encoder: BertEncoder,
  vectors: tf.Tensor3D,
  chosen: Int32Array,
  options: BertOptions,
): tf.Tensor2D {
  let x = embedded(encoder, vectors, options); // [B·T, D]
  const { blocks } = encoder;
  for (const block of blocks.slice(0, -1))
    x = transformRows(block, x, vectors.shape[0], blockOptions(options));
  return transformChosen(blocks[blocks.length - 1], x, chosen, blockOptions(options));
}

/** Vectors with their positions, normalised. @returns [B·T, D] */
function embedded(
  { positions, norm }: BertEncoder,
  vectors: tf.Tensor3D,
  { fromNewest, dropout, pass }: BertOptions,
): tf.Tensor2D {
  const [B, T, D] = vectors.shape;
  const table = positions as unknown as tf.Tensor2D;
  const places: tf.Tensor = fromNewest
    ? positionsFromNewest(table, fromNewest, T) // [B, T, D]
    : tf.slice(table, [0, 0], [T, D]); // [T, D]
  const sum = tf.add(vectors, places) as tf.Tensor3D; // [B, T, D]
  return tf.reshape(pass.dropout(normalise(sum, norm), dropout), [B * T, D]);
}

function blockOptions(options: BertOptions): TransformerOptions {
  return { ...options, norm: 'post', activation: 'gelu', innerDropout: 0 };
}
