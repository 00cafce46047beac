import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CocoError } from '@coco-rec/core';
import { type ChatTemplate, chatTemplateOfFolder, chatTemplateOfGguf } from './chat-template.js';
import { type GgufFile, openGguf } from './formats/gguf.js';
import { openSafetensorsFolder } from './formats/safetensors-file.js';
import type { StoredTensor, Weights } from './formats/weights.js';
import { type ModelConfig, configFromGguf, configFromJson } from './model-config.js';
import { type TextTokenizer, tokenizerFromFolder, tokenizerFromGguf } from './tokenizer.js';

/** A model on disk: what it is, where its tensors are, how to read text. Tensors are read when asked for. */
export interface ModelSource {
  readonly path: string;
  readonly format: 'gguf' | 'safetensors';
  readonly config: ModelConfig;
  readonly weights: Weights;
  /** The files that hold the weights, for hashing. */
  readonly files: readonly string[];
  /** The template of a model that is made to be talked to. */
  chatTemplate(): ChatTemplate | undefined;
  /** @throws CocoError where the model has no tokenizer */
  tokenizer(): TextTokenizer;
}

/** Opens a .gguf file or a Hugging Face folder. @throws CocoError in one sentence for anything that cannot be read */
export function openModel(path: string): ModelSource {
  if (!existsSync(path)) {
    throw new CocoError(
      `There is no model at ${path}. Fetch one with "coco model pull", or give another path.`,
    );
  }
  return statSync(path).isDirectory() ? openFolder(path) : openGgufModel(path);
}

function openFolder(path: string): ModelSource {
  const configPath = join(path, 'config.json');
  if (!existsSync(configPath))
    throw new CocoError(`${path} has no config.json: it is no Hugging Face model folder.`);
  let json: Record<string, unknown> | null;
  try {
    json = JSON.parse(readFileSync(configPath, 'utf8')) as Record<string, unknown> | null;
  } catch {
    throw new CocoError(`${configPath} is not valid JSON.`);
  }
  if (typeof json !== 'object' || json === null) throw new CocoError(`${configPath} is no JSON object.`);
  const { tensors, files } = openSafetensorsFolder(path);
  const config = configFromJson(json, configPath);
  const source = { path, format: 'safetensors', config, weights: tensors, files } as const;
  return {
    ...source,
    tokenizer: () => tokenizerFromFolder(path),
    chatTemplate: () => chatTemplateOfFolder(path),
  };
}

/** GGUF's tensor names in Hugging Face's words. */
const ggufNames: readonly (readonly [RegExp, string])[] = [
  [/^token_embd\.weight$/, 'model.embed_tokens.weight'],
  [/^output_norm\.weight$/, 'model.norm.weight'],
  [/^output\.weight$/, 'lm_head.weight'],
  [/^blk\.(\d+)\.attn_norm\.weight$/, 'model.layers.$1.input_layernorm.weight'],
  [/^blk\.(\d+)\.ffn_norm\.weight$/, 'model.layers.$1.post_attention_layernorm.weight'],
  [/^blk\.(\d+)\.attn_([qk])_norm\.weight$/, 'model.layers.$1.self_attn.$2_norm.weight'],
  [/^blk\.(\d+)\.attn_([qkv])\.weight$/, 'model.layers.$1.self_attn.$2_proj.weight'],
  [/^blk\.(\d+)\.attn_output\.weight$/, 'model.layers.$1.self_attn.o_proj.weight'],
  [/^blk\.(\d+)\.ffn_(gate|up|down)\.weight$/, 'model.layers.$1.mlp.$2_proj.weight'],
];

function openGgufModel(path: string): ModelSource {
  const file = openGguf(path);
  const config = configFromGguf(file.metadata, {
    path,
    vocabularySize: file.tensors.get('token_embd.weight')?.shape[0] ?? 0,
    tied: !file.tensors.has('output.weight'),
  });
  if (file.tensors.has('rope_freqs.weight')) {
    throw new CocoError(
      `${path}: its rotary positions are scaled ("rope_freqs.weight"), which is not supported.`,
    );
  }
  const weights = renamed(file, config);
  return {
    path,
    format: 'gguf',
    config,
    weights,
    files: [path],
    tokenizer: () => tokenizerFromGguf(file.metadata, path),
    chatTemplate: () => chatTemplateOfGguf(file.metadata),
  };
}

function renamed(file: GgufFile, config: ModelConfig): Weights {
  const weights = new Map<string, StoredTensor>();
  for (const [name, tensor] of file.tensors) {
    const rule = ggufNames.find(([pattern]) => pattern.test(name));
    if (!rule) continue;
    const heads = /attn_q\.weight$/.test(name)
      ? config.numHeads
      : /attn_k\.weight$/.test(name)
        ? config.numKeyValueHeads
        : undefined;
    const isTurned = config.architecture === 'llama' && heads !== undefined;
    weights.set(name.replace(...rule), isTurned ? { ...tensor, read: () => unturn(tensor, heads) } : tensor);
  }
  return weights;
}

/** GGUF's Llama has the rows of q and k interleaved for its rotary kernel; back to halves. */
function unturn(tensor: StoredTensor, heads: number): Float32Array {
  const values = tensor.read();
  const [rows, width] = tensor.shape;
  const size = rows / heads;
  const result = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) {
    const head = Math.floor(row / size);
    const i = row % size;
    const from = head * size + (i < size / 2 ? 2 * i : 2 * (i - size / 2) + 1);
    result.set(values.subarray(from * width, (from + 1) * width), row * width);
  }
  return result;
}
