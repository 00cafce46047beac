import * as tf from '@tensorflow/tfjs-core';
import { type ItemVectors, type Parameters, type Pass, normal } from '@coco-rec/core';
import { type Norm, buildNorm, normalise } from './norm.js';
import { positionsFromNewest } from './positions.js';
import {
  type TransformerBlock,
  type TransformerShape,
  buildTransformerBlock,
  transformerBlock,
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
export function bertEncode(
  { positions, norm, blocks }: BertEncoder,
  vectors: tf.Tensor3D,
  options: BertOptions,
): tf.Tensor3D {
  const [, T, D] = vectors.shape;
  const table = positions as unknown as tf.Tensor2D;
  const places: tf.Tensor = options.fromNewest
    ? positionsFromNewest(table, options.fromNewest, T) // [B, T, D]
    : tf.slice(table, [0, 0], [T, D]); // [T, D]
  const sum = tf.add(vectors, places) as tf.Tensor3D; // [B, T, D]
  let x = options.pass.dropout(normalise(sum, norm), options.dropout);
  for (const block of blocks)
    x = transformerBlock(block, x, { ...options, norm: 'post', activation: 'gelu', innerDropout: 0 });
  return x;
}
