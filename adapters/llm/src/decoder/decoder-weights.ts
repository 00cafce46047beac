import * as tf from '@tensorflow/tfjs-core';
import { CocoError, Random, normal } from '@coco-rec/core';
import type { ModelConfig } from '../model-config.js';
import type { Weights } from '../formats/weights.js';

/** Weights of one decoder block. Projections are [in, out]: the transpose of the files'. */
export interface BlockWeights {
  /** [H] */
  readonly inputNorm: tf.Tensor;
  /** [H, heads · head size] */
  readonly query: tf.Tensor;
  /** [H, key-value heads · head size] */
  readonly key: tf.Tensor;
  readonly value: tf.Tensor;
  /** [head size], Qwen3 only */
  readonly queryNorm?: tf.Tensor;
  readonly keyNorm?: tf.Tensor;
  /** [heads · head size, H] */
  readonly output: tf.Tensor;
  /** [H] */
  readonly feedForwardNorm: tf.Tensor;
  /** [H, F] */
  readonly gate: tf.Tensor;
  readonly up: tf.Tensor;
  /** [F, H] */
  readonly down: tf.Tensor;
}

/** A decoder's weights on the engine. */
export interface DecoderWeights {
  /** [V, H] */
  readonly embedding: tf.Tensor2D;
  readonly blocks: readonly BlockWeights[];
  /** [H] */
  readonly finalNorm: tf.Tensor;
  /** [V, H]; the embedding itself where the head is tied */
  readonly head: tf.Tensor2D;
}

/** How one tensor comes to the engine: by its name and shape in the file. Projections are turned to [in, out]. */
export type TensorMaker = (name: string, shape: readonly number[], turned: boolean) => tf.Tensor;

/** Puts the first `layers` blocks together. */
export function makeWeights(config: ModelConfig, layers: number, make: TensorMaker): DecoderWeights {
  const { hiddenSize: H, vocabularySize: V, tied } = config;
  const embedding = make('model.embed_tokens.weight', [V, H], false) as tf.Tensor2D;
  return {
    embedding,
    blocks: Array.from({ length: layers }, (_, i) => makeBlock(config, i, make)),
    finalNorm: make('model.norm.weight', [H], false),
    head: tied ? embedding : (make('lm_head.weight', [V, H], false) as tf.Tensor2D),
  };
}

function makeBlock(config: ModelConfig, i: number, make: TensorMaker): BlockWeights {
  const { hiddenSize: H, numHeads, numKeyValueHeads, headSize, feedForwardSize: F } = config;
  const of = (name: string, shape: readonly number[]): tf.Tensor =>
    make(`model.layers.${i}.${name}.weight`, shape, shape.length === 2);
  const hasHeadNorm = config.architecture === 'qwen3';
  return {
    inputNorm: of('input_layernorm', [H]),
    query: of('self_attn.q_proj', [numHeads * headSize, H]),
    key: of('self_attn.k_proj', [numKeyValueHeads * headSize, H]),
    value: of('self_attn.v_proj', [numKeyValueHeads * headSize, H]),
    queryNorm: hasHeadNorm ? of('self_attn.q_norm', [headSize]) : undefined,
    keyNorm: hasHeadNorm ? of('self_attn.k_norm', [headSize]) : undefined,
    output: of('self_attn.o_proj', [H, numHeads * headSize]),
    feedForwardNorm: of('post_attention_layernorm', [H]),
    gate: of('mlp.gate_proj', [F, H]),
    up: of('mlp.up_proj', [F, H]),
    down: of('mlp.down_proj', [H, F]),
  };
}

/** Reads tensors from a model's files. @throws CocoError naming a tensor that lacks or has a wrong shape */
export function fromFiles(weights: Weights, path: string): TensorMaker {
  return (name, shape, turned) => {
    const stored = weights.get(name);
    if (!stored) throw new CocoError(`${path} lacks the tensor "${name}".`);
    if (stored.shape.join() !== shape.join()) {
      throw new CocoError(
        `${path}: tensor "${name}" is [${stored.shape.join(', ')}], expected [${shape.join(', ')}].`,
      );
    }
    return toEngine(stored.read(), shape, turned);
  };
}

/** Random matrices with the spread of the files' own, norms at 1: the control `randomWeights`. */
export function fromRandom(weights: Weights, path: string, seed: number): TensorMaker {
  const random = new Random(seed);
  return (name, shape, turned) => {
    const values = weights.get(name)?.read();
    if (!values) throw new CocoError(`${path} lacks the tensor "${name}".`);
    if (shape.length === 1) return tf.ones([...shape]);
    let squares = 0;
    for (const value of values) squares += value * value;
    return toEngine(normal(Math.sqrt(squares / values.length))(shape, random.derive(name)), shape, turned);
  };
}

function toEngine(values: Float32Array, shape: readonly number[], turned: boolean): tf.Tensor {
  return tf.tidy(() => {
    const tensor = tf.tensor(values, [...shape], 'float32');
    return turned ? tf.transpose(tensor) : tensor;
  });
}

export function disposeWeights({ embedding, blocks, finalNorm, head }: DecoderWeights): void {
  tf.dispose([embedding, finalNorm, head]);
  for (const block of blocks) tf.dispose(Object.values(block).filter((tensor) => tensor !== undefined));
}
