/**
 * The Llama and Qwen3 decoder architectures on tfjs (Touvron et al. 2023; Yang et al. 2025, "Qwen3 Technical Report"):
 * frozen weights, differentiable in its input embeddings and in LoRA on the q and v projections (Hu et al. 2021).
 */
import * as tf from '@tensorflow/tfjs-core';
import {
  type DecoderPass,
  type DifferentiableDecoder,
  type Lora,
  type LoraConfig,
  type LoraWeights,
  type Parameters,
  causalMask,
  constant,
  gatherRows,
  hash32,
  normal,
  rmsNorm,
  rotaryTables,
} from '@coco-rec/core';
import type { ModelConfig } from '../model-config.js';
import type { TextTokenizer } from '../tokenizer.js';
import { type BlockPass, type KeyValues, decoderBlock } from './decoder-block.js';
import { type DecoderWeights, disposeWeights } from './decoder-weights.js';
import { Packing } from './packing.js';

/** Dropout counters of a row start at a multiple of this; rows are far shorter. */
const longestRow = 4096;

/** What `read` does beyond `forward`. */
export interface ReadOptions extends DecoderPass {
  /** [B] valid vectors of each row; what is padded is not read and comes back as zero. Default: all. */
  readonly lengths?: Int32Array;
  /** Keys and values of the positions before, one entry a block. */
  readonly past?: readonly KeyValues[];
  /** False: states as they leave the last block. Default true: after the final norm. */
  readonly finalNorm?: boolean;
  /** The blocks to run, from the first to before the last: [0, 2] are the first two. Default: all. */
  readonly blocks?: readonly [number, number];
}

export class LocalDecoder implements DifferentiableDecoder {
  readonly hiddenSize: number;
  readonly numLayers: number;
  readonly embeddingNorm: number;

  constructor(
    readonly config: ModelConfig,
    readonly weights: DecoderWeights,
    readonly tokenizer?: TextTokenizer,
  ) {
    this.hiddenSize = config.hiddenSize;
    this.numLayers = weights.blocks.length;
    this.embeddingNorm = tf.tidy(() => tf.mean(tf.norm(weights.embedding, 2, 1)).dataSync()[0]);
  }

  createLora(parameters: Parameters, config: LoraConfig): LoraWeights {
    const { numHeads, numKeyValueHeads, headSize, hiddenSize: H } = this.config;
    const kept = { weightDecay: false }; // as the paper trains them
    const pair = (name: string, width: number): tf.Variable[] => [
      parameters.variable(`${name}/a`, [H, config.rank], normal(1 / config.rank), kept),
      parameters.variable(`${name}/b`, [config.rank, width], constant(0), kept),
    ];
    const variables = this.weights.blocks.flatMap((_, i) => [
      ...pair(`block${i}/query`, numHeads * headSize),
      ...pair(`block${i}/value`, numKeyValueHeads * headSize),
    ]);
    return { config, variables };
  }

  tokenize(text: string, maxTokens = Infinity): number[] {
    return this.tokenizer?.encode(text).slice(0, maxTokens) ?? [];
  }

  embed(ids: tf.Tensor1D): tf.Tensor2D {
    return gatherRows(this.weights.embedding, ids);
  }

  forward(embeddings: tf.Tensor3D, lengths: Int32Array, pass: DecoderPass = {}): tf.Tensor3D {
    return this.read(embeddings, { ...pass, lengths }).states;
  }

  /**
   * Call it inside a tidy.
   * @param embeddings [B, T, H]; with `past`, T is 1 @returns states [B, T, H], and each block's keys and values for the next call
   */
  read(embeddings: tf.Tensor3D, options: ReadOptions = {}): { states: tf.Tensor3D; past: KeyValues[] } {
    const { past, finalNorm = true, lengths, blocks: [first, end] = [0, this.numLayers] } = options;
    const [B, T, H] = embeddings.shape;
    // Padding is on the right and attention causal: a valid position never sees padding.
    const tables = this.tablesOf(past ? past[0].keys.shape[2] : 0, T);
    const packing = new Packing(B, T, lengths);
    const dropoutRows = vectorNumbers(packing, options.dropoutRows);
    let x = packing.pack(tf.reshape<tf.Rank.R2>(embeddings, [B * T, H])); // [N, H]
    const read = this.weights.blocks.slice(first, end).map((block, i) => {
      const lora = this.loraOf(first + i, { ...options, dropoutRows });
      const own = { packing, ...tables, past: past?.[i], ...lora };
      // What no gradient needs is freed with the block, and its memory used anew.
      const { keys, values, ...out } = tf.tidy(() => decoderBlock(x, block, this.config, own));
      x = out.x;
      return { keys, values };
    });
    const states = packing.unpack(finalNorm ? this.norm(x) : x); // [B · T, H]
    return { states: tf.reshape(states, [B, T, H]), past: read };
  }

  /**
   * What a model cut after so many blocks would give, for several depths in one reading. Call it inside a tidy.
   * @param embeddings [B, T, H] @param lengths [B] @param depths rising, at most all blocks @returns [B, T, H] a depth
   */
  statesAfter(embeddings: tf.Tensor3D, lengths: Int32Array, depths: readonly number[]): tf.Tensor3D[] {
    const [B, T, H] = embeddings.shape;
    let x = embeddings;
    return depths.map((depth, i) => {
      const blocks = [i > 0 ? depths[i - 1] : 0, depth] as const;
      x = this.read(x, { lengths, blocks, finalNorm: false }).states;
      return tf.reshape(this.norm(tf.reshape(x, [B * T, H])), [B, T, H]);
    });
  }

  /** Scores of the next token. @param states after the final norm, [N, H] @returns [N, V] */
  logits(states: tf.Tensor2D): tf.Tensor2D {
    return tf.matMul(states, this.weights.head, false, true);
  }

  dispose(): void {
    disposeWeights(this.weights);
  }

  /** @param x [N, H] */
  private norm(x: tf.Tensor2D): tf.Tensor2D {
    return rmsNorm(x, this.weights.finalNorm, this.config.normEpsilon);
  }

  private loraOf(block: number, pass: DecoderPass): { queryLora?: Lora; valueLora?: Lora } {
    if (!pass.lora) return {};
    const { config, variables } = pass.lora;
    const of = (at: number): Lora => ({
      a: variables[4 * block + 2 * at],
      b: variables[4 * block + 2 * at + 1],
      scale: config.alpha / config.rank,
      dropout:
        pass.dropoutKey === undefined
          ? undefined
          : { rate: config.dropout, key: hash32(pass.dropoutKey, 2 * block + at), rows: pass.dropoutRows },
    });
    return { queryLora: of(0), valueLora: of(1) };
  }

  /** Rotary tables and mask of T positions that start at `start`; one new position sees all before it. */
  private tablesOf(start: number, length: number): Omit<BlockPass, 'packing'> {
    const { headSize, rotaryBase } = this.config;
    const { cos, sin } = rotaryTables(length, headSize, rotaryBase, start);
    const scale = 1 / Math.sqrt(headSize);
    const tables = { cos, sin, queryCos: tf.mul(cos, scale), querySin: tf.mul(sin, scale) };
    return start > 0 ? tables : { ...tables, mask: causalMask(undefined, length) };
  }
}

/** Numbers of packed vectors for dropout: the same for a row's position in whatever part the row is read. */
function vectorNumbers({ places, length }: Packing, rows: Int32Array | undefined): Int32Array {
  return places.map((place) => {
    const b = Math.floor(place / length);
    return (rows?.[b] ?? b) * longestRow + (place % length);
  });
}
