import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Parameters } from '@coco-rec/core';
import type { ModelConfig } from '../model-config.js';
import { endToken } from './byte-pair.js';

/** Writes a model in Hugging Face layout: config.json, tokenizer.json, tokenizer_config.json, model.safetensors (BF16). */
export async function writeModel(
  folder: string,
  model: { config: ModelConfig; tokenizerJson: object; parameters: Parameters },
): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const write = (name: string, content: string | Uint8Array): void => {
    writeFileSync(join(folder, `${name}.part`), content);
    renameSync(join(folder, `${name}.part`), join(folder, name));
  };
  write('config.json', `${JSON.stringify(configJson(model.config), null, 2)}\n`);
  write('tokenizer.json', `${JSON.stringify(model.tokenizerJson)}\n`);
  write(
    'tokenizer_config.json',
    `${JSON.stringify({ eos_token: endToken, clean_up_tokenization_spaces: false })}\n`,
  );
  write('model.safetensors', await encode(model.parameters));
}

function configJson(config: ModelConfig): object {
  return {
    architectures: ['Qwen3ForCausalLM'],
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
    torch_dtype: 'bfloat16',
  };
}

async function encode(parameters: Parameters): Promise<Uint8Array> {
  const header: Record<string, object> = {};
  const parts: Uint8Array[] = [];
  let end = 0;
  for (const { name, variable } of parameters.entries()) {
    const isProjection = /(_proj)\.weight$/.test(name);
    const values = await variable.data<'float32'>();
    const [rows, columns] = variable.shape as [number, number];
    const turned = isProjection ? transpose(values, rows, columns) : values; // the files have [out, in]
    const bytes = bfloat16(turned);
    const shape = isProjection ? [columns, rows] : variable.shape;
    header[name] = { dtype: 'BF16', shape, data_offsets: [end, end + bytes.length] };
    end += bytes.length;
    parts.push(bytes);
  }
  const json = JSON.stringify(header);
  const text = new TextEncoder().encode(json + ' '.repeat((8 - (json.length % 8)) % 8));
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(text.length), true);
  return Buffer.concat([length, text, ...parts]);
}

function transpose(values: Float32Array, rows: number, columns: number): Float32Array {
  return Float32Array.from(
    { length: values.length },
    (_, i) => values[(i % rows) * columns + Math.floor(i / rows)],
  );
}

/** Rounded to the nearest. */
function bfloat16(values: Float32Array): Uint8Array {
  const bits = new Uint32Array(Float32Array.from(values).buffer);
  return new Uint8Array(
    Uint16Array.from(bits, (word) => (word + 0x7fff + ((word >>> 16) & 1)) >>> 16).buffer,
  );
}
