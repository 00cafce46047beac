import { byteCharacters, shapes, tinyConfig } from './tiny-llm.js';

/** GGML's numbers of tensor types. */
const typeNumbers = { F32: 0, IQ1_S: 19 } as const;

export interface GgufOptions {
  readonly architecture?: string;
  /** What the token embeddings are said to be; the other tensors are F32. */
  readonly type?: keyof typeof typeNumbers;
}

/** Writes GGUF's numbers and texts, little-endian. */
class Writer {
  readonly parts: Buffer[] = [];

  u32(value: number): void {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    this.parts.push(bytes);
  }

  u64(value: number): void {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(BigInt(value));
    this.parts.push(bytes);
  }

  text(value: string): void {
    const bytes = Buffer.from(value);
    this.u64(bytes.length);
    this.parts.push(bytes);
  }

  /** A key of the metadata with its value and that value's type: 4, 8 and 9 are numbers, texts and lists. */
  entry(key: string, value: string | number | readonly string[]): void {
    this.text(key);
    if (typeof value === 'number') {
      this.u32(4);
      this.u32(value);
    } else if (typeof value === 'string') {
      this.u32(8);
      this.text(value);
    } else {
      this.u32(9);
      this.u32(8);
      this.u64(value.length);
      for (const text of value) this.text(text);
    }
  }
}

/** The tiny Llama, its tensors zero, as a .gguf file. */
export function tinyGguf({ architecture = 'llama', type = 'F32' }: GgufOptions = {}): Uint8Array {
  const writer = new Writer();
  const metadata = metadataOf(architecture);
  writer.parts.push(Buffer.from('GGUF'));
  writer.u32(3); // version
  writer.u64(Object.keys(shapes).length);
  writer.u64(metadata.length);
  for (const [key, value] of metadata) writer.entry(key, value);
  let offset = 0;
  for (const [name, shape] of Object.entries(shapes)) {
    writer.text(ggufName(name));
    writer.u32(shape.length);
    for (const size of [...shape].reverse()) writer.u64(size); // the fastest axis first
    writer.u32(typeNumbers[name === 'model.embed_tokens.weight' ? type : 'F32']);
    writer.u64(offset);
    offset += aligned(4 * shape.reduce((a, b) => a * b, 1));
  }
  const header = Buffer.concat(writer.parts);
  return Buffer.concat([header, Buffer.alloc(aligned(header.length) - header.length + offset)]);
}

function metadataOf(architecture: string): [string, string | number | readonly string[]][] {
  return [
    ['general.architecture', architecture],
    [`${architecture}.block_count`, tinyConfig.num_hidden_layers],
    [`${architecture}.embedding_length`, tinyConfig.hidden_size],
    [`${architecture}.feed_forward_length`, tinyConfig.intermediate_size],
    [`${architecture}.attention.head_count`, tinyConfig.num_attention_heads],
    [`${architecture}.attention.head_count_kv`, tinyConfig.num_key_value_heads],
    ['tokenizer.ggml.model', 'gpt2'],
    ['tokenizer.ggml.tokens', byteCharacters()],
    ['tokenizer.ggml.merges', []],
  ];
}

/** Tensor data begin at multiples of 32 bytes. */
const aligned = (bytes: number): number => Math.ceil(bytes / 32) * 32;

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
