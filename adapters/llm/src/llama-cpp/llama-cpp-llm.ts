import { existsSync, statSync } from 'node:fs';
import {
  type AdapterContext,
  CocoError,
  type GenerateForecast,
  type GenerateOptions,
  type GeneratedText,
  type KnowledgeLLM,
  type Progress,
} from '@coco-rec/core';
import { PromptError, answerAll } from '../answering/answer-all.js';
import { openGguf } from '../formats/gguf.js';
import { isJson } from '../answering/is-json.js';
import { hashFiles } from '../local.js';
import { storedVectors } from '../stored-vectors.js';
import type { LlamaCppConfig } from './llama-cpp.js';
import {
  type Llama,
  type LlamaEmbeddingContext,
  type LlamaModel,
  type LlamaModule,
  type LlamaSequence,
  type Token,
  firstLine,
  loadLlamaModule,
  startLlama,
} from './llama-module.js';
import { type PlacedSequence, contextCount, createSequences, takeBest } from './sequences.js';

/** Texts between two writes to the store: what a stop can lose. */
const textsPerWrite = 32;

/** Tokens that a text is cut to before it becomes a vector, unless the config tells another. */
export const defaultTextTokens = 64;

/** Greedy, so the same prompt has the same answer but for rounding: what else is in a batch changes the last bits. */
export class LlamaCppLLM implements KnowledgeLLM {
  readonly specVersion = 'v1';
  readonly id = 'llama-cpp';
  readonly capabilities = { encode: true, generate: true, differentiable: false };
  readonly hiddenSize: number;
  private readonly toTokens: (prompt: string) => Token[];
  private answering: Promise<void> | undefined;
  private encoding: Promise<LlamaEmbeddingContext[]> | undefined;
  /** Sequences that answer nothing now. */
  private readonly free: PlacedSequence[] = [];
  private saidThatSchemaIsNotBound = false;

  private constructor(
    private readonly module: LlamaModule,
    private readonly llama: Llama,
    private readonly model: LlamaModel,
    private readonly config: LlamaCppConfig,
    private readonly context: AdapterContext,
    readonly contentHash: string,
    readonly answerHash: string,
  ) {
    this.hiddenSize = model.embeddingVectorSize;
    this.toTokens = config.chat ? chatTokens(module, model) : (prompt) => plainTokens(model, prompt);
  }

  /** @throws CocoError where llama.cpp or the file is missing or does not fit */
  static async open(config: LlamaCppConfig, context: AdapterContext): Promise<LlamaCppLLM> {
    const { model: path, chat, maxTokens } = config;
    demandGguf(path);
    const module = await loadLlamaModule();
    const llama = await startLlama(module, config.gpu);
    const model = await llama.loadModel({ modelPath: path }).catch((error: unknown) => {
      throw new CocoError(`llama.cpp cannot read ${path}: ${firstLine(error)}`, { cause: error });
    });
    const identity = ['llama.cpp', await hashFiles([path]), chat ? 'chat' : 'plain'];
    const hashAt = (tokens: number): string =>
      context.hasher.sha256([...identity, `${tokens} tokens`].join('\n'));
    // `maxTokens` is of vectors alone; the keys of answers have always held its default.
    const answerHash = hashAt(defaultTextTokens);
    return new LlamaCppLLM(module, llama, model, config, context, hashAt(maxTokens), answerHash);
  }

  async generate(prompts: readonly string[], options: GenerateOptions): Promise<string[]> {
    const { sequences: width } = this.config;
    const signal = options.signal ?? this.context.signal;
    const grammar = await this.grammarOf(options.schema);
    await this.prepareToAnswer();
    return answerAll(prompts, { ...options, signal, width }, (prompt) =>
      this.answer(prompt, { maxTokens: options.maxTokens, grammar, signal }),
    );
  }

  forecast(
    prompts: readonly string[],
    { maxTokens }: { readonly maxTokens: number },
  ): Promise<GenerateForecast> {
    const lengths = prompts.filter((prompt) => prompt !== '').map((prompt) => this.toTokens(prompt).length);
    const promptTokens = lengths.reduce((sum, length) => sum + length, 0);
    const requests = lengths.length;
    return Promise.resolve({ requests, promptTokens, answerTokens: requests * maxTokens, cost: 0 });
  }

  /** The sequences are made for the first prompt: who only wants vectors does not pay for them. */
  private async prepareToAnswer(): Promise<void> {
    this.answering ??= this.createSequences();
    await this.answering;
  }

  private async createSequences(): Promise<void> {
    const { sequences, contextSize } = this.config;
    try {
      this.free.push(...(await createSequences(this.llama, this.model, this.config)));
    } catch (error) {
      throw new CocoError(
        `llama.cpp cannot hold ${sequences} sequences of ${contextSize} tokens: ${firstLine(error)}`,
        { cause: error },
      );
    }
  }

  private async answer(
    prompt: string,
    how: { readonly maxTokens: number; readonly grammar?: object; readonly signal?: AbortSignal },
  ): Promise<GeneratedText> {
    const tokens = this.toTokens(prompt);
    const { contextSize } = this.config;
    if (tokens.length + how.maxTokens > contextSize) {
      throw new PromptError(
        `The prompt has ${tokens.length} tokens; with ${how.maxTokens} of an answer it exceeds "contextSize", ${contextSize}.`,
      );
    }
    const sequence = takeBest(this.free, tokens);
    if (!sequence) throw new CocoError('llama.cpp answers other prompts; wait for them.');
    try {
      const made = await this.evaluate(sequence, tokens, how);
      const text = this.model.detokenize(made);
      if (text.trim() === '') throw new PromptError('The answer is empty.', { kind: 'empty' });
      if (how.grammar && made.length === how.maxTokens && !isJson(text)) {
        throw new PromptError(`The answer breaks off after ${made.length} tokens.`);
      }
      return { text, promptTokens: tokens.length, answerTokens: made.length, cost: 0 };
    } finally {
      this.free.push(sequence);
    }
  }

  private async evaluate(
    { sequence, place }: PlacedSequence,
    tokens: Token[],
    { maxTokens, grammar, signal }: Parameters<LlamaCppLLM['answer']>[1],
  ): Promise<Token[]> {
    const { LlamaGrammarEvaluationState } = this.module;
    const { model } = this;
    const grammarEvaluationState = grammar && new LlamaGrammarEvaluationState({ model, grammar });
    const made: Token[] = [];
    const rest = await keepCommonBeginning(sequence, tokens);
    if (maxTokens === 0) return made;
    const options = { temperature: 0, grammarEvaluationState, evaluationPriority: place };
    for await (const token of sequence.evaluate(rest, options)) {
      signal?.throwIfAborted();
      if (this.model.isEogToken(token)) break;
      made.push(token);
      if (made.length >= maxTokens) break;
    }
    return made;
  }

  private async grammarOf(schema: GenerateOptions['schema']): Promise<object | undefined> {
    if (!schema) return undefined;
    try {
      return await this.llama.createGrammarForJsonSchema(schema);
    } catch (error) {
      if (!this.saidThatSchemaIsNotBound)
        this.context.progress.log(`llama.cpp cannot bind answers to this schema: ${firstLine(error)}`);
      this.saidThatSchemaIsNotBound = true;
      return undefined;
    }
  }

  /** llama.cpp's own pooling: of a decoder, the state of the last token. A text without tokens gets the zero vector. */
  async encode(texts: readonly string[], progress: Progress = this.context.progress): Promise<Float32Array> {
    return storedVectors(texts, {
      context: this.context,
      progress,
      label: `${this.id}: reading texts`,
      identity: this.contentHash,
      hiddenSize: this.hiddenSize,
      textsPerWrite,
      read: (part) => this.encodePart(part.map((i) => texts[i])),
    });
  }

  private async encodePart(texts: readonly string[]): Promise<Float32Array[]> {
    this.encoding ??= this.createEmbeddingContexts();
    const vectors: Float32Array[] = [];
    const queue = texts.entries();
    const worker = async (context: LlamaEmbeddingContext): Promise<void> => {
      for (const [i, text] of queue) vectors[i] = await this.vectorOf(text, context);
    };
    await Promise.all((await this.encoding).map(worker));
    return vectors;
  }

  private async vectorOf(text: string, context: LlamaEmbeddingContext): Promise<Float32Array> {
    this.context.signal?.throwIfAborted();
    const tokens = this.model.tokenize(text).slice(0, this.config.maxTokens);
    const { vector } = tokens.length > 0 ? await context.getEmbeddingFor(tokens) : { vector: [] };
    const values = new Float32Array(this.hiddenSize);
    values.set(vector);
    return values;
  }

  private createEmbeddingContexts(): Promise<LlamaEmbeddingContext[]> {
    const { maxTokens, gpu, threads = this.llama.cpuMathCores } = this.config;
    // A beginning and an end may be added; the size is what an embedding's time depends on.
    const contextSize = Math.ceil((maxTokens + 3) / 256) * 256;
    const count = contextCount(threads, gpu);
    const options = { contextSize, batchSize: contextSize, threads: Math.floor(threads / count) };
    return Promise.all(Array.from({ length: count }, () => this.model.createEmbeddingContext(options)));
  }

  dispose(): void {
    // Frees its contexts too, after what they compute now; there is nobody to tell of a failure.
    this.model.dispose().catch(() => undefined);
  }
}

/** Prompts of one template begin alike: what a sequence has read of it already is not read again. @returns what is left */
async function keepCommonBeginning(sequence: LlamaSequence, tokens: Token[]): Promise<Token[]> {
  const { firstDifferentIndex } = sequence.compareContextTokens(tokens);
  const start = Math.min(firstDifferentIndex, tokens.length - 1); // the last one is read again: the answer follows it
  const end = sequence.nextTokenIndex;
  if (start < end) await sequence.eraseContextTokenRanges([{ start, end }]);
  return tokens.slice(sequence.nextTokenIndex);
}

/** The prompt is the user's turn: what looks like a special token in it is plain text. */
function chatTokens(module: LlamaModule, model: LlamaModel): (prompt: string) => Token[] {
  const wrapper = module.resolveChatWrapper(model);
  return (text) => {
    const chatHistory = [
      { type: 'user', text },
      { type: 'model', response: [] },
    ];
    return wrapper.generateContextState({ chatHistory }).contextText.tokenize(model.tokenizer);
  };
}

function plainTokens(model: LlamaModel, prompt: string): Token[] {
  const { bos, shouldPrependBosToken } = model.tokens;
  const tokens = model.tokenize(prompt);
  return shouldPrependBosToken && bos !== null ? [bos, ...tokens] : tokens;
}

/** What is damaged is refused here: llama.cpp's own reader may run on and on. @throws CocoError */
export function demandGguf(path: string): void {
  if (!existsSync(path)) {
    throw new CocoError(
      `There is no model at ${path}. Fetch one with "coco model pull", or give another path.`,
    );
  }
  if (!statSync(path).isFile()) throw new CocoError(`${path} is a folder; llama.cpp reads one .gguf file.`);
  openGguf(path);
}
