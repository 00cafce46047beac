import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Random, normal } from '@coco-rec/core';
import type { ModelConfig } from '../model-config.js';
import { trainBytePair } from '../pretrain/byte-pair.js';
import { type GgufEntry, type GgufTensor, floatBytes, writeGguf } from './gguf-writer.js';
import { writeSafetensors } from './safetensors-writer.js';

/** A decoder with random weights, small enough for tfjs's own CPU engine. */
export function tinyConfig(changes: Partial<ModelConfig> = {}): ModelConfig {
  return {
    architecture: 'llama',
    hiddenSize: 8,
    numLayers: 2,
    numHeads: 4,
    numKeyValueHeads: 2,
    headSize: 4,
    feedForwardSize: 12,
    vocabularySize: tinyVocabulary().length,
    normEpsilon: 1e-5,
    rotaryBase: 500,
    tied: false,
    ...changes,
  };
}

interface TokenizerJson {
  readonly added_tokens: object[];
  readonly model: {
    readonly vocab: Readonly<Record<string, number>>;
    readonly merges: readonly [string, string][];
  };
}

const words = ['a warm tent', 'warm tents for the night', 'the tent, the night', 'soap for the warm night'];

/** Bytes, some merges, the control token `<|end|>` and the word `<sale>` that a text may ask for. */
export function tinyTokenizerJson(): TokenizerJson {
  const json = trainBytePair(words, 280) as TokenizerJson;
  const id = Object.keys(json.model.vocab).length;
  const added = [...json.added_tokens, { id, content: '<sale>', special: false }];
  return {
    ...json,
    added_tokens: added,
    model: { ...json.model, vocab: { ...json.model.vocab, '<sale>': id } },
  };
}

export function tinyVocabulary(): string[] {
  return byId(tinyTokenizerJson().model.vocab);
}

/** An object lists its keys that look like numbers first, so they are put in order. */
function byId(vocabulary: Readonly<Record<string, number>>): string[] {
  return Object.keys(vocabulary).sort((a, b) => vocabulary[a] - vocabulary[b]);
}

export type NamedValues = Readonly<
  Record<string, { readonly shape: readonly number[]; readonly values: Float32Array }>
>;

/** The model's tensors by Hugging Face's names, [out, in]. */
export function tinyWeights(config: ModelConfig, seed = 1): NamedValues {
  const {
    hiddenSize: H,
    numHeads,
    numKeyValueHeads,
    headSize,
    feedForwardSize: F,
    vocabularySize: V,
  } = config;
  const [Q, K] = [numHeads * headSize, numKeyValueHeads * headSize];
  const shapes: Record<string, number[]> = { 'model.embed_tokens.weight': [V, H], 'model.norm.weight': [H] };
  if (!config.tied) shapes['lm_head.weight'] = [V, H];
  const block: Record<string, number[]> = {
    input_layernorm: [H],
    post_attention_layernorm: [H],
    'self_attn.q_proj': [Q, H],
    'self_attn.k_proj': [K, H],
    'self_attn.v_proj': [K, H],
    'self_attn.o_proj': [H, Q],
    'mlp.gate_proj': [F, H],
    'mlp.up_proj': [F, H],
    'mlp.down_proj': [H, F],
  };
  if (config.architecture === 'qwen3')
    Object.assign(block, { 'self_attn.q_norm': [headSize], 'self_attn.k_norm': [headSize] });
  for (let i = 0; i < config.numLayers; i++) {
    for (const [name, shape] of Object.entries(block)) shapes[`model.layers.${i}.${name}.weight`] = shape;
  }
  const random = new Random(seed);
  const make = ([name, shape]: [string, number[]]): [string, NamedValues[string]] => {
    const values = normal(shape.length === 1 ? 0.2 : 0.4)(shape, random.derive(name));
    return [name, { shape, values: shape.length === 1 ? values.map((value) => 1 + value) : values }];
  };
  return Object.fromEntries(Object.entries(shapes).map(make));
}

/** The fields of config.json. */
export function configJson(config: ModelConfig): Record<string, unknown> {
  return {
    model_type: config.architecture,
    hidden_size: config.hiddenSize,
    num_hidden_layers: config.numLayers,
    num_attention_heads: config.numHeads,
    num_key_value_heads: config.numKeyValueHeads,
    head_dim: config.headSize,
    intermediate_size: config.feedForwardSize,
    vocab_size: config.vocabularySize,
    rms_norm_eps: config.normEpsilon,
    rope_theta: config.rotaryBase,
    tie_word_embeddings: config.tied,
    eos_token_id: 0,
  };
}

/** Writes the model as a Hugging Face folder. @returns the folder */
export function writeTinyFolder(
  folder: string,
  config = tinyConfig(),
  json: object = configJson(config),
): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'config.json'), JSON.stringify(json));
  writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(tinyTokenizerJson()));
  const raw = Object.entries(tinyWeights(config)).map(
    ([name, { shape, values }]) => [name, { shape, type: 'F32', bytes: floatBytes(values) }] as const,
  );
  writeFileSync(join(folder, 'model.safetensors'), writeSafetensors(Object.fromEntries(raw)));
  return folder;
}

/** The tokenizer in GGUF's metadata. */
export function tokenizerMetadata(): Record<string, GgufEntry> {
  const { model, added_tokens: added } = tinyTokenizerJson();
  const tokens = byId(model.vocab);
  const types = tokens.map((_, id) => (id === 0 ? 3 : id === tokens.length - 1 ? 4 : 1));
  if (added.length !== 2) throw new Error('the tiny tokenizer has two added tokens');
  return {
    'tokenizer.ggml.model': [8, 'gpt2'],
    'tokenizer.ggml.tokens': [9, [8, tokens]],
    'tokenizer.ggml.token_type': [9, [5, types]],
    'tokenizer.ggml.merges': [9, [8, model.merges.map((merge) => merge.join(' '))]],
    'tokenizer.ggml.eos_token_id': [4, 0],
  };
}

/** The same model as a .gguf file, with the rows of Llama's q and k interleaved as GGUF has them. */
export function tinyGguf(
  config = tinyConfig(),
  changes: Readonly<Record<string, GgufEntry>> = {},
  more: readonly GgufTensor[] = [],
): Buffer {
  const of = (key: string): string => `${config.architecture}.${key}`;
  const metadata: Record<string, GgufEntry> = {
    'general.architecture': [8, config.architecture],
    [of('block_count')]: [4, config.numLayers],
    [of('embedding_length')]: [4, config.hiddenSize],
    [of('feed_forward_length')]: [4, config.feedForwardSize],
    [of('attention.head_count')]: [4, config.numHeads],
    [of('attention.head_count_kv')]: [4, config.numKeyValueHeads],
    [of('attention.key_length')]: [4, config.headSize],
    [of('attention.layer_norm_rms_epsilon')]: [6, config.normEpsilon],
    [of('rope.freq_base')]: [6, config.rotaryBase],
    ...tokenizerMetadata(),
    ...changes,
  };
  const tensors = Object.entries(tinyWeights(config)).map(([name, { shape, values }]): GgufTensor => {
    const isTurned = config.architecture === 'llama' && /[qk]_proj/.test(name);
    const rows = isTurned ? interleaved(values, shape, config.headSize) : values;
    return { name: ggufName(name), shape, type: 0, bytes: floatBytes(rows) };
  });
  return writeGguf({ metadata, tensors: [...tensors, ...more] });
}

/** Within each head, row i of the first half is followed by row i of the second. */
function interleaved(values: Float32Array, [rows, width]: readonly number[], headSize: number): Float32Array {
  const order: number[] = [];
  for (let head = 0; head < rows; head += headSize) {
    for (let i = 0; i < headSize / 2; i++) order.push(head + i, head + headSize / 2 + i);
  }
  return Float32Array.from(order.flatMap((row) => [...values.subarray(row * width, (row + 1) * width)]));
}

const ggufNames: readonly (readonly [string | RegExp, string])[] = [
  ['model.embed_tokens', 'token_embd'],
  ['model.norm', 'output_norm'],
  ['lm_head', 'output'],
  ['model.layers', 'blk'],
  ['input_layernorm', 'attn_norm'],
  ['post_attention_layernorm', 'ffn_norm'],
  ['self_attn.o_proj', 'attn_output'],
  [/self_attn\.([qkv])_proj/, 'attn_$1'],
  [/self_attn\.([qk])_norm/, 'attn_$1_norm'],
  [/mlp\.(\w+)_proj/, 'ffn_$1'],
];

function ggufName(name: string): string {
  return ggufNames.reduce((text, [from, to]) => text.replace(from, to), name);
}
