import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  ArrayNotEmpty,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  Matches,
  Min,
} from 'class-validator';
import {
  type AdapterContext,
  Describe,
  NamesFile,
  type KnowledgeDescriptor,
  UsageError,
} from '@coco-rec/core';
import { fromFiles, fromRandom, makeWeights } from './decoder/decoder-weights.js';
import { chatReader } from './chat-template.js';
import { LocalDecoder } from './decoder/local-decoder.js';
import { LocalLLM } from './local-llm.js';
import { checkReadable } from './model-files/check-readable.js';
import { type ModelSource, openModel } from './open-model.js';
import type { TextTokenizer } from './tokenizer.js';
import { TextViews, type TextViewsOptions, parseView, viewPattern } from './text-views.js';

/** How any local decoder is read; shared by `local` and `tiny`. */
export class ReadingConfig {
  @Describe('Keep the first n blocks only, then the final norm. Default: all.')
  @IsOptional()
  @IsInt()
  @Min(1)
  layers?: number;

  @Describe('A text’s vector: the `mean` over its tokens’ last states, or the `last` token’s.')
  @IsIn(['mean', 'last'])
  pooling: 'mean' | 'last' = 'mean';

  @Describe('Texts are cut to this many tokens.')
  @IsInt()
  @Min(1)
  maxTokens = 64;

  @Describe(
    'Several vectors of a text in place of one, where a fusion reads titles or generated texts: `mean` or `last` as in `pooling`, ' +
      'and after how many blocks: [mean@2, mean, last]. Without @: after all blocks of the model. Default: the one vector.',
  )
  @IsOptional()
  @IsArray()
  @ArrayNotEmpty()
  @Matches(viewPattern, { each: true, message: 'each must be mean or last, or either with a depth: mean@2' })
  views?: string[];

  @Describe('What `views` reads: the text in place of {text}. `mean` counts the text’s own tokens only.')
  @IsString()
  @Matches(/^[^]*\{text\}[^]*$/, { message: 'it must have {text} in it' })
  viewPrompt = 'The product "{text}" can be described in one word as: "';

  @Describe(
    'Puts a prompt into the model’s chat template, as the user’s turn; false: the model goes on with the prompt as it is. ' +
      'Default: where the model brings a template.',
  )
  @IsOptional()
  @IsBoolean()
  chat?: boolean;

  @Describe('A control: matrices of random numbers with the spread of the model’s own.')
  @IsBoolean()
  randomWeights = false;
}

export class LocalConfig extends ReadingConfig {
  @Describe('A .gguf file, or a Hugging Face folder (config.json, tokenizer.json, *.safetensors).')
  @IsString()
  @NamesFile()
  model!: string;
}

/** A Llama or Qwen3 model in this process. */
export const local: KnowledgeDescriptor<LocalConfig> = {
  kind: 'knowledge',
  id: 'local',
  specVersion: 'v1',
  summary:
    'A Llama or Qwen3 decoder in this process, from GGUF or safetensors; encodes, generates, differentiable, can be tuned.',
  capabilities: { encode: true, generate: true, differentiable: true, tune: true },
  config: LocalConfig,
  check: (config) => void demandDepth(checkReadable(config.model), config),
  create: (config, context) => createLocal('local', config.model, config, context),
};

/** Opens a model and puts its weights on the engine. */
export async function createLocal(
  id: string,
  path: string,
  config: ReadingConfig,
  context: AdapterContext,
): Promise<LocalLLM> {
  const source = openModel(path);
  demandDepth(source, config);
  const layers = config.layers ?? source.config.numLayers;
  const tokenizer = source.tokenizer();
  const filesHash = await hashFiles([...source.files, ...describingFiles(source)]);
  const { pooling, maxTokens, randomWeights } = config;
  const weights = randomWeights ? 'random' : 'trained';
  const hashOf = (pooled: string, tokens: number): string =>
    context.hasher.sha256([filesHash, `layers ${layers}`, pooled, `${tokens} tokens`, weights].join('\n'));
  const chat = chatOf(config, source, tokenizer);
  const withChat = (hash: string): string => (chat ? context.hasher.sha256(`${hash}\nchat`) : hash);
  const vectorHash = hashOf(pooling, maxTokens);
  // Those two are of vectors alone; the keys of answers have always held their defaults.
  const plain = new ReadingConfig();
  const answerHash = withChat(hashOf(plain.pooling, plain.maxTokens));
  const open = (depth: number): LocalDecoder =>
    new LocalDecoder(source.config, readWeights(source, depth, randomWeights), tokenizer);
  const reading: Reading = { id, source, tokenizer, context, open, identity: filesHash };
  const views = config.views && createViews(config, reading);
  const hashes = { vectorHash, contentHash: withChat(vectorHash), answerHash };
  return new LocalLLM(open(layers), { id, ...hashes, pooling, maxTokens, context, views, chat });
}

/** @throws UsageError where a model has fewer blocks than the keys ask for */
function demandDepth(
  { path, config: { numLayers } }: ModelSource,
  { layers = 1, views }: ReadingConfig,
): void {
  if (layers > numLayers) {
    throw new UsageError(`knowledge.layers is ${layers}; ${path} has ${numLayers} blocks.`);
  }
  const isThere = (text: string): boolean => {
    const depth = parseView(text, numLayers).layers;
    return depth >= 1 && depth <= numLayers;
  };
  const missing = views?.find((text) => !isThere(text));
  if (missing !== undefined) {
    throw new UsageError(`knowledge.views has "${missing}"; ${path} has ${numLayers} blocks.`);
  }
}

/** @throws UsageError where a chat template is asked for that the model has not */
function chatOf(
  { chat }: ReadingConfig,
  source: ModelSource,
  tokenizer: TextTokenizer,
): ((prompt: string) => number[]) | undefined {
  const template = chat === false ? undefined : source.chatTemplate();
  if (!template && chat) {
    throw new UsageError(`knowledge.chat is true; ${source.path} brings no chat template.`);
  }
  if (!template) return undefined;
  let read: ((prompt: string) => number[]) | undefined; // filled in by the first prompt: who only encodes needs none
  return (prompt) => (read ??= chatReader(tokenizer, template, source.path))(prompt);
}

/** What the views of a text need of an opened model. */
interface Reading extends Pick<TextViewsOptions, 'tokenizer' | 'context' | 'open' | 'identity'> {
  readonly id: string;
  readonly source: ModelSource;
}

function createViews(
  { views: texts = [], viewPrompt: prompt, maxTokens, randomWeights }: ReadingConfig,
  { id, source, identity, ...reading }: Reading,
): TextViews {
  const { numLayers, hiddenSize } = source.config;
  const views = texts.map((text) => parseView(text, numLayers));
  const weights = `${identity}\n${randomWeights ? 'random' : 'trained'}`;
  const label = `${id}: reading texts in ${views.length} ways`;
  return new TextViews({ ...reading, views, prompt, maxTokens, identity: weights, label, hiddenSize });
}

function readWeights(source: ModelSource, layers: number, random: boolean): LocalDecoder['weights'] {
  const { config, weights, path } = source;
  return makeWeights(config, layers, random ? fromRandom(weights, path, 1) : fromFiles(weights, path));
}

/** A folder's vectors change with its sizes and its tokenizer too; a GGUF file holds everything. */
function describingFiles({ format, path }: ModelSource): string[] {
  if (format === 'gguf') return [];
  return ['config.json', 'tokenizer.json'].map((name) => join(path, name)).filter((file) => existsSync(file));
}

/** SHA-256 of the files one after another; large files are streamed. */
export async function hashFiles(files: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const file of files) for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
