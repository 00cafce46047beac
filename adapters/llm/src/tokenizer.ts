import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Tokenizer } from '@huggingface/tokenizers';
import { CocoError } from '@coco-rec/core';
import type { GgufValue } from './formats/gguf.js';
import { readJson } from './read-json.js';

/**
 * Text to token ids and back. Item text is hostile input, so control tokens are not read out of a text: a title that says
 * "<|im_start|>" is those characters. Only a prompt of one's own may ask for them.
 */
export interface TextTokenizer {
  /** @param control "<|im_start|>" and the like are read as control tokens; default false @returns ids, none added */
  encode(text: string, control?: boolean): number[];
  decode(ids: readonly number[]): string;
  /** Ids that end a generated text. */
  readonly ends: readonly number[];
}

interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly special?: boolean;
}

interface TokenizerJson {
  readonly added_tokens?: readonly AddedToken[];
  readonly [key: string]: unknown;
}

class HuggingFaceTokenizer implements TextTokenizer {
  private readonly plain: Tokenizer;
  private readonly withControl: Tokenizer;

  constructor(
    json: TokenizerJson,
    config: Readonly<Record<string, unknown>>,
    readonly ends: readonly number[],
  ) {
    const plain = (json.added_tokens ?? []).filter(({ special }) => !special);
    this.plain = new Tokenizer({ ...json, added_tokens: plain }, config);
    this.withControl = new Tokenizer(json, config);
  }

  encode(text: string, control = false): number[] {
    return (control ? this.withControl : this.plain).encode(text, { add_special_tokens: false }).ids;
  }

  decode(ids: readonly number[]): string {
    if (ids.length === 0) return ''; // the library takes no empty list
    return this.withControl.decode([...ids], { clean_up_tokenization_spaces: false });
  }
}

/** From a Hugging Face folder's `tokenizer.json`. @throws CocoError where there is none or it is damaged */
export function tokenizerFromFolder(folder: string): TextTokenizer {
  const path = join(folder, 'tokenizer.json');
  if (!existsSync(path)) throw new CocoError(`${folder} has no tokenizer.json: texts cannot be read.`);
  const json = readJson(path) as TokenizerJson;
  const config = { ...readJson(join(folder, 'tokenizer_config.json')) };
  const names = [readJson(join(folder, 'generation_config.json')), readJson(join(folder, 'config.json'))];
  const ends = names.map(({ eos_token_id: id }) => id).find((id) => id !== undefined && id !== null) ?? [];
  try {
    return new HuggingFaceTokenizer(json, config, [ends].flat() as number[]);
  } catch (error) {
    throw new CocoError(`${path} cannot be used: ${(error as Error).message}.`, { cause: error });
  }
}

const byteLevel = (useRegex: boolean): object => ({
  type: 'ByteLevel',
  add_prefix_space: false,
  trim_offsets: true,
  use_regex: useRegex,
});

const splitBy = (pattern: string): object => ({
  type: 'Sequence',
  pretokenizers: [
    { type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated', invert: false },
    byteLevel(false),
  ],
});

const contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|";
const punctuation = '| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+';

/** GGUF names its splitting rule (`tokenizer.ggml.pre`); these are the rules' tokenizer.json forms. */
const preTokenizers: Readonly<Record<string, object>> = {
  'gpt-2': byteLevel(true),
  smollm: { type: 'Sequence', pretokenizers: [{ type: 'Digits', individual_digits: true }, byteLevel(true)] },
  'llama-bpe': splitBy(`${contractions}\\p{N}{1,3}${punctuation}`),
  qwen2: splitBy(`${contractions}\\p{N}${punctuation}`),
};

const normalizers: Readonly<Record<string, object>> = { qwen2: { type: 'NFC' } };

/** GGUF's token types: a control token, and one that a text may ask for. */
const controlToken = 3;
const userToken = 4;

/** From GGUF metadata (byte-level BPE). @throws CocoError for another kind of tokenizer */
export function tokenizerFromGguf(metadata: ReadonlyMap<string, GgufValue>, path: string): TextTokenizer {
  const model = metadata.get('tokenizer.ggml.model');
  const pre = String(metadata.get('tokenizer.ggml.pre') ?? 'gpt-2');
  const preTokenizer = preTokenizers[pre];
  if (model !== 'gpt2' || !preTokenizer) {
    const known = Object.keys(preTokenizers).join(', ');
    throw new CocoError(
      `${path} has a tokenizer of kind "${String(model)}" (${pre}); byte-level BPE (${known}) is read.`,
    );
  }
  const tokens = textsOf(metadata.get('tokenizer.ggml.tokens'));
  const merges = textsOf(metadata.get('tokenizer.ggml.merges'));
  if (!tokens || !merges)
    throw new CocoError(`${path}: its metadata lacks the tokenizer's tokens or merges.`);
  const types = (metadata.get('tokenizer.ggml.token_type') ?? []) as number[];
  const json = {
    ...bytePairJson(tokens, merges, types),
    pre_tokenizer: preTokenizer,
    normalizer: normalizers[pre] ?? null,
  };
  const end = metadata.get('tokenizer.ggml.eos_token_id');
  try {
    return new HuggingFaceTokenizer(json, {}, end === undefined ? [] : [Number(end)]);
  } catch (error) {
    throw new CocoError(`${path} has a tokenizer that cannot be used: ${(error as Error).message}.`, {
      cause: error,
    });
  }
}

function textsOf(value: GgufValue | undefined): string[] | undefined {
  return Array.isArray(value) && value.every((text) => typeof text === 'string') ? value : undefined;
}

function bytePairJson(
  tokens: readonly string[],
  merges: readonly string[],
  types: readonly number[],
): TokenizerJson {
  return {
    version: '1.0',
    added_tokens: tokens.flatMap((content, id) =>
      types[id] === controlToken || types[id] === userToken
        ? [{ id, content, special: types[id] === controlToken }]
        : [],
    ),
    post_processor: null,
    decoder: byteLevel(true),
    model: {
      type: 'BPE',
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges: merges.map((merge) => merge.split(' ')),
    },
  };
}
