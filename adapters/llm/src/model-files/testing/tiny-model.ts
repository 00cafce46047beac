import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type NamedArray, encodeSafetensors } from '@coco-rec/core';

const config = {
  model_type: 'llama',
  hidden_size: 4,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  intermediate_size: 8,
  vocab_size: 6,
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  max_position_embeddings: 128,
  tie_word_embeddings: true,
};

const shapes: Readonly<Record<string, number[]>> = {
  'model.embed_tokens.weight': [6, 4],
  'model.norm.weight': [4],
  'model.layers.0.input_layernorm.weight': [4],
  'model.layers.0.post_attention_layernorm.weight': [4],
  'model.layers.0.self_attn.q_proj.weight': [4, 4],
  'model.layers.0.self_attn.k_proj.weight': [2, 4],
  'model.layers.0.self_attn.v_proj.weight': [2, 4],
  'model.layers.0.self_attn.o_proj.weight': [4, 4],
  'model.layers.0.mlp.gate_proj.weight': [8, 4],
  'model.layers.0.mlp.up_proj.weight': [8, 4],
  'model.layers.0.mlp.down_proj.weight': [4, 8],
};

/** Values in the tensors above. */
export const tinyParameters = Object.values(shapes).reduce((sum, shape) => sum + size(shape), 0);

function size(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

/** Files of the smallest Llama in Hugging Face's layout, by name. */
export function tinyModelFiles(): Map<string, Uint8Array> {
  const tensors = Object.entries(shapes).map(([name, shape]): [string, NamedArray] => {
    return [name, { shape, values: new Float32Array(size(shape)).fill(0.1) }];
  });
  const text = new TextEncoder();
  return new Map([
    ['config.json', text.encode(JSON.stringify(config))],
    ['generation_config.json', text.encode('{}')],
    ['model.safetensors', encodeSafetensors(new Map(tensors), {})],
  ]);
}

/** Writes them into a folder. */
export async function writeTinyModel(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, content] of tinyModelFiles()) await writeFile(join(folder, name), content);
}

/** The same model as a .gguf file. @param type GGML's number of the type that the first tensor claims (0: F32) */
export function tinyGguf({ architecture = 'llama', type = 0 } = {}): Uint8Array {
  const parts: Buffer[] = [];
  const u32 = (value: number): void => void parts.push(Buffer.from(Uint32Array.of(value).buffer));
  const u64 = (value: number): void => void parts.push(Buffer.from(BigUint64Array.of(BigInt(value)).buffer));
  const text = (value: string): void => {
    u64(Buffer.byteLength(value));
    parts.push(Buffer.from(value));
  };
  const numbers = { block_count: 1, embedding_length: 4, feed_forward_length: 8, context_length: 128 };
  const heads = { 'attention.head_count': 2, 'attention.head_count_kv': 1 };
  const metadata = Object.entries({ ...numbers, ...heads });
  parts.push(Buffer.from('GGUF'));
  u32(3);
  u64(Object.keys(shapes).length);
  u64(metadata.length + 1);
  text('general.architecture');
  u32(8);
  text(architecture);
  for (const [key, value] of metadata) {
    text(`${architecture}.${key}`);
    u32(4);
    u32(value);
  }
  let offset = 0;
  for (const [i, [name, shape]] of Object.entries(shapes).entries()) {
    text(ggufName(name));
    u32(shape.length);
    [...shape].reverse().forEach(u64);
    u32(i === 0 ? type : 0);
    u64(offset);
    offset += Math.ceil((4 * size(shape)) / 32) * 32;
  }
  const header = Buffer.concat(parts);
  const whole = Buffer.alloc(Math.ceil(header.length / 32) * 32 + offset, 0);
  header.copy(whole);
  return whole;
}

function ggufName(name: string): string {
  return name
    .replace('model.embed_tokens', 'token_embd')
    .replace('model.norm', 'output_norm')
    .replace('model.layers.', 'blk.')
    .replace('input_layernorm', 'attn_norm')
    .replace('post_attention_layernorm', 'ffn_norm')
    .replace(/self_attn\.([qkv])_proj/, 'attn_$1')
    .replace('self_attn.o_proj', 'attn_output')
    .replace(/mlp\.(gate|up|down)_proj/, 'ffn_$1');
}
