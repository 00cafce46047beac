import { CocoError } from '@coco-rec/core';
import type { GgufValue } from './formats/gguf.js';

/** What a Llama or Qwen3 decoder is made of. */
export interface ModelConfig {
  readonly architecture: 'llama' | 'qwen3';
  /** H. */
  readonly hiddenSize: number;
  readonly numLayers: number;
  readonly numHeads: number;
  readonly numKeyValueHeads: number;
  readonly headSize: number;
  readonly feedForwardSize: number;
  readonly vocabularySize: number;
  readonly normEpsilon: number;
  readonly rotaryBase: number;
  /** The head shares the token embeddings. */
  readonly tied: boolean;
}

const known = ['llama', 'qwen3'] as const;

function architectureOf(name: unknown, path: string): ModelConfig['architecture'] {
  const found = known.find((candidate) => candidate === name);
  if (found) return found;
  throw new CocoError(`${path} is of architecture "${String(name)}"; ${known.join(' and ')} are read.`);
}

const counts = [
  'hiddenSize',
  'numLayers',
  'numHeads',
  'numKeyValueHeads',
  'headSize',
  'feedForwardSize',
] as const;

/** @throws CocoError for sizes that no decoder can have */
function checked(config: ModelConfig, path: string): ModelConfig {
  for (const key of counts) {
    const value = config[key];
    if (!Number.isSafeInteger(value) || value < 1 || value > 1e8) {
      throw new CocoError(`${path} says that ${key} is ${value}; it must be a whole number above 0.`);
    }
  }
  for (const key of ['normEpsilon', 'rotaryBase'] as const) {
    if (!(config[key] > 0))
      throw new CocoError(`${path} says that ${key} is ${config[key]}; it must be above 0.`);
  }
  const { numHeads, numKeyValueHeads, headSize } = config;
  if (numHeads % numKeyValueHeads !== 0 || headSize % 2 !== 0) {
    const heads = `${numHeads} heads, ${numKeyValueHeads} key-value heads and a head size of ${headSize}`;
    throw new CocoError(
      `${path} says ${heads}: heads must be a multiple of key-value heads, the head size even.`,
    );
  }
  return config;
}

/** What a config may ask for beyond the plain architecture. Read without it, the model would say something else. */
const plainValues: Readonly<Record<string, unknown>> = {
  attention_bias: false,
  mlp_bias: false,
  use_sliding_window: false,
  hidden_act: 'silu',
};

function refuseExtras(json: Readonly<Record<string, unknown>>, path: string): void {
  for (const [key, plain] of Object.entries(plainValues)) {
    const value = json[key] ?? plain;
    if (value === plain) continue;
    throw new CocoError(
      `${path}: "${key}" is ${JSON.stringify(value)}; only ${JSON.stringify(plain)} is supported.`,
    );
  }
}

/** From a Hugging Face `config.json`. */
export function configFromJson(json: Readonly<Record<string, unknown>>, path: string): ModelConfig {
  const architecture = architectureOf(json.model_type, path);
  refuseExtras(json, path);
  const number = (key: string, fallback?: number): number => {
    const value = json[key] ?? fallback;
    if (typeof value !== 'number' || !Number.isFinite(value))
      throw new CocoError(`${path}: "${key}" is missing.`);
    return value;
  };
  const rope = (json.rope_parameters ?? json.rope_scaling ?? {}) as Readonly<Record<string, unknown>>;
  const kind = rope.rope_type ?? rope.type ?? 'default';
  if (kind !== 'default')
    throw new CocoError(`${path}: rotary positions of type "${String(kind)}" are not supported.`);
  const numHeads = number('num_attention_heads');
  const hiddenSize = number('hidden_size');
  const config: ModelConfig = {
    architecture,
    hiddenSize,
    numLayers: number('num_hidden_layers'),
    numHeads,
    numKeyValueHeads: number('num_key_value_heads', numHeads),
    headSize: number('head_dim', hiddenSize / numHeads),
    feedForwardSize: number('intermediate_size'),
    vocabularySize: number('vocab_size'),
    normEpsilon: number('rms_norm_eps', 1e-6),
    rotaryBase: typeof rope.rope_theta === 'number' ? rope.rope_theta : number('rope_theta', 10000),
    tied: json.tie_word_embeddings === true,
  };
  return checked(config, path);
}

/** From GGUF metadata. */
export function configFromGguf(
  metadata: ReadonlyMap<string, GgufValue>,
  facts: { path: string; vocabularySize: number; tied: boolean },
): ModelConfig {
  const architecture = architectureOf(metadata.get('general.architecture'), facts.path);
  const number = (key: string, fallback?: number): number => {
    const value = metadata.get(`${architecture}.${key}`) ?? fallback;
    if (value === undefined)
      throw new CocoError(`${facts.path}: its metadata lacks "${architecture}.${key}".`);
    return Number(value);
  };
  const scaling = metadata.get(`${architecture}.rope.scaling.type`);
  if (scaling !== undefined && scaling !== 'none') {
    throw new CocoError(`${facts.path}: rotary scaling "${String(scaling)}" is not supported.`);
  }
  const numHeads = number('attention.head_count');
  const hiddenSize = number('embedding_length');
  const config: ModelConfig = {
    architecture,
    hiddenSize,
    numLayers: number('block_count'),
    numHeads,
    numKeyValueHeads: number('attention.head_count_kv', numHeads),
    headSize: number('attention.key_length', hiddenSize / numHeads),
    feedForwardSize: number('feed_forward_length'),
    vocabularySize: facts.vocabularySize,
    normEpsilon: number('attention.layer_norm_rms_epsilon', 1e-6),
    rotaryBase: number('rope.freq_base', 10000),
    tied: facts.tied,
  };
  return checked(config, facts.path);
}
