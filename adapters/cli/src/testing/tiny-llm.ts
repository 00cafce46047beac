import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type NamedArray, Random, encodeSafetensors } from '@coco-rec/core';

const hiddenSize = 8;

export const tinyConfig = {
  model_type: 'llama',
  hidden_size: hiddenSize,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  intermediate_size: 16,
  vocab_size: 256,
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  max_position_embeddings: 64,
  tie_word_embeddings: true,
};

const layer = 'model.layers.0.';
/** Of its tensors, by Hugging Face's names. */
export const shapes: Readonly<Record<string, number[]>> = {
  'model.embed_tokens.weight': [256, hiddenSize],
  'model.norm.weight': [hiddenSize],
  [`${layer}input_layernorm.weight`]: [hiddenSize],
  [`${layer}post_attention_layernorm.weight`]: [hiddenSize],
  [`${layer}self_attn.q_proj.weight`]: [hiddenSize, hiddenSize],
  [`${layer}self_attn.k_proj.weight`]: [4, hiddenSize],
  [`${layer}self_attn.v_proj.weight`]: [4, hiddenSize],
  [`${layer}self_attn.o_proj.weight`]: [hiddenSize, hiddenSize],
  [`${layer}mlp.gate_proj.weight`]: [16, hiddenSize],
  [`${layer}mlp.up_proj.weight`]: [16, hiddenSize],
  [`${layer}mlp.down_proj.weight`]: [hiddenSize, 16],
};

/** The characters that stand for bytes in byte-level vocabularies. */
export function byteCharacters(): string[] {
  const isPlain = (byte: number): boolean =>
    (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(isPlain(byte) ? byte : next++));
}

function tokenizerJson(): object {
  const bytes = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
  const vocab = Object.fromEntries(byteCharacters().map((character, id) => [character, id]));
  const model = { type: 'BPE', vocab, merges: [] };
  const none = { normalizer: null, post_processor: null };
  return { version: '1.0', added_tokens: [], pre_tokenizer: bytes, decoder: bytes, ...none, model };
}

/** Writes a random Llama whose tokens are bytes, in Hugging Face's layout. */
export async function writeTinyLlm(folder: string): Promise<void> {
  const random = new Random(3);
  const tensors = Object.entries(shapes).map(([name, shape]): [string, NamedArray] => {
    const isNorm = shape.length === 1;
    const count = shape.reduce((a, b) => a * b, 1);
    const values = Float32Array.from({ length: count }, () => (isNorm ? 1 : random.uniform() - 0.5));
    return [name, { shape, values }];
  });
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'config.json'), JSON.stringify(tinyConfig));
  await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(tokenizerJson()));
  await writeFile(join(folder, 'model.safetensors'), encodeSafetensors(new Map(tensors)));
}

/**
 * Reference values for `coco model check` as they lie beside a model: inputs, and results that are all 1, wrong for any
 * model.
 */
export function wrongReference(): Uint8Array {
  const [B, T, H] = [1, 3, hiddenSize];
  const filled = (shape: number[], value = 1): NamedArray => ({
    shape,
    values: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(value),
  });
  const tensors: readonly (readonly [string, NamedArray])[] = [
    ['ids', { shape: [B, T], values: Int32Array.of(5, 9, 2) }],
    ['mask', filled([B, T])],
    ['attention_mask', filled([B, T + 1])],
    ['inputs_embeds', filled([B, T + 1, H], 0.3)],
    ['loss_weight', filled([B, T + 1, H], 0.1)],
    ['logits', filled([B, T, tinyConfig.vocab_size])],
    ['hidden', filled([B, T + 1, H])],
    ['loss', filled([1])],
    ['grad_inputs_embeds', filled([B, T + 1, H])],
    ['grad_q_proj_layer0', filled([H, H])],
    ['grad_v_proj_last', filled([4, H])],
  ];
  return encodeSafetensors(new Map(tensors));
}
