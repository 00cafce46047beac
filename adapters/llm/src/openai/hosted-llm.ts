/**
 * A language model behind the OpenAI interface. The `openai` package makes the requests, one try each; rate, retries,
 * time-outs and spend are the Sender's, since the package's own time-out ends with the headers and its retries know no budget.
 */
import OpenAI from 'openai';
import {
  type AdapterContext,
  type GenerateForecast,
  type GenerateOptions,
  type GeneratedText,
  type KnowledgeLLM,
  type Progress,
  type ServiceAccount,
  UsageError,
} from '@coco-rec/core';
import { answerAll } from '../answering/answer-all.js';
import { isJson } from '../answering/is-json.js';
import { storedVectors } from '../stored-vectors.js';
import { checkConfig, missingPrices, readKey } from './check-config.js';
import { BadAnswerError } from './failure.js';
import type { OpenAIConfig } from './openai.js';
import { Outage } from './outage.js';
import { Sender } from './sender.js';

const million = 1e6;
/** Tokens that a server's chat template may add, a default system prompt included. */
const templateTokens = 64;
/** A token holds a byte or more in every byte-level vocabulary. */
const mostTokens = (text: string): number => Buffer.byteLength(text);

/** So many prompts in a row that the server fails on end the work; not fewer than are under way at once. */
const promptsInOutage = 10;

type Completion = OpenAI.ChatCompletion;
type Schema = GenerateOptions['schema'];
type Asking = Pick<GenerateOptions, 'maxTokens' | 'schema' | 'signal'> & { readonly outage: Outage };

export class HostedLLM implements KnowledgeLLM {
  readonly specVersion = 'v1';
  readonly id = 'openai';
  readonly hosted = true;
  readonly capabilities: KnowledgeLLM['capabilities'];
  readonly contentHash: string;
  readonly answerHash: string;
  readonly account: ServiceAccount;
  hiddenSize: number;
  /** False after the server refused a schema. */
  private bindsSchema = true;

  private constructor(
    private readonly config: OpenAIConfig,
    private readonly context: AdapterContext,
    private readonly host: string,
    private readonly client: OpenAI,
    private readonly sender: Sender,
  ) {
    const { model, embeddingModel, dimensions, temperature, seed } = config;
    this.hiddenSize = dimensions ?? 0;
    this.account = sender.account(missingPrices(config));
    this.capabilities = { encode: !!embeddingModel, generate: !!model, differentiable: false };
    const hashOf = (...vectors: unknown[]): string =>
      context.hasher.sha256(JSON.stringify([host, model, ...vectors, temperature, seed]));
    this.contentHash = hashOf(embeddingModel, dimensions);
    this.answerHash = hashOf(undefined, undefined);
  }

  /** Sends nothing. @throws UsageError for a config that makes no sense */
  static open(config: OpenAIConfig, context: AdapterContext): HostedLLM {
    const { host } = checkConfig(config);
    const { baseUrl: baseURL, apiKeyVariable: keyVariable, timeout } = config;
    const key = readKey(keyVariable);
    const client = new OpenAI({
      baseURL,
      apiKey: key ?? 'none',
      // A server that wants no key gets none; nothing of the environment is sent but the key.
      ...(key === undefined ? { defaultHeaders: { Authorization: null } } : {}),
      organization: null,
      project: null,
      maxRetries: 0,
      timeout: 1000 * (timeout + 60), // the Sender's comes first
      logLevel: 'off',
    });
    // One account a server: another model there does not bring the spend back to 0.
    const sender = new Sender({ ...config, host, key, keyVariable, account: host, spend: context.spend });
    return new HostedLLM(config, context, host, client, sender);
  }

  /** Asks the server for one vector where the config does not tell its length. @throws CocoError where it gives none */
  async learnHiddenSize(): Promise<void> {
    if (this.hiddenSize > 0 || !this.config.embeddingModel) return;
    this.hiddenSize = (await this.vectorsOf(['a text']))[0].length;
  }

  async generate(prompts: readonly string[], options: GenerateOptions): Promise<string[]> {
    if (!this.config.model) throw missingKey('model', 'answers prompts');
    const { maxTokens, schema } = options;
    const { concurrency: width } = this.config;
    const signal = options.signal ?? this.context.signal;
    const outage = new Outage(Math.max(promptsInOutage, width));
    return answerAll(prompts, { ...options, signal, width }, (prompt) =>
      this.answer(prompt, { maxTokens, schema, signal, outage }),
    );
  }

  /** Counts a token a byte: an upper bound for any vocabulary. English text takes about a quarter of it. */
  forecast(
    prompts: readonly string[],
    { maxTokens, schema }: { readonly maxTokens: number; readonly schema?: Schema },
  ): Promise<GenerateForecast> {
    const sent = prompts.filter((prompt) => prompt !== '');
    const promptTokens = sent.reduce((sum, prompt) => sum + mostPromptTokens(prompt, schema), 0);
    const answerTokens = sent.length * maxTokens;
    const { promptPrice, answerPrice } = this.config;
    const isKnown = promptPrice !== undefined && answerPrice !== undefined;
    const cost = isKnown ? this.price(promptTokens, answerTokens) : NaN;
    return Promise.resolve({ requests: sent.length, promptTokens, answerTokens, cost });
  }

  private price(promptTokens: number, answerTokens: number): number {
    const { promptPrice = 0, answerPrice = 0 } = this.config;
    return (promptTokens * promptPrice + answerTokens * answerPrice) / million;
  }

  private async answer(
    prompt: string,
    { maxTokens, schema, signal, outage }: Asking,
  ): Promise<GeneratedText> {
    const promptTokens = mostPromptTokens(prompt, schema);
    let isBound = false;
    const { result, lostCost } = await this.sender.send<GeneratedText>({
      worst: { tokens: promptTokens + maxTokens, cost: this.price(promptTokens, maxTokens) },
      signal,
      outage,
      send: async (trySignal) => {
        isBound = schema !== undefined && this.bindsSchema;
        const completion = await this.client.chat.completions.create(
          this.body(prompt, maxTokens, isBound ? schema : undefined),
          { signal: trySignal },
        );
        const result = this.readAnswer(completion, { promptTokens, answerTokens: maxTokens, isBound });
        return { result, use: { tokens: result.promptTokens + result.answerTokens, cost: result.cost } };
      },
      onRefusal: ({ status, reason }) => {
        if (!isBound || status === 413 || !/response_format|schema|grammar/i.test(reason)) return false;
        if (this.bindsSchema) this.context.progress.log(`${this.host} takes no schema: ${reason}.`);
        this.bindsSchema = false;
        return true;
      },
    });
    return { ...result, cost: result.cost + lostCost };
  }

  private body(
    prompt: string,
    maxTokens: number,
    schema: Schema,
  ): OpenAI.ChatCompletionCreateParamsNonStreaming {
    const { model = '', temperature, seed, tokenLimit } = this.config;
    return {
      model,
      messages: [{ role: 'user', content: prompt }],
      [tokenLimit]: maxTokens,
      ...(temperature === null ? {} : { temperature }),
      ...(seed === undefined ? {} : { seed }),
      ...(schema && {
        response_format: { type: 'json_schema', json_schema: { name: 'answer', schema, strict: true } },
      }),
    };
  }

  /** Counts what the server says that it took, or what it can have taken at most. */
  private readAnswer(
    completion: Partial<Completion> | undefined,
    most: { readonly promptTokens: number; readonly answerTokens: number; readonly isBound: boolean },
  ): GeneratedText {
    const { usage, choices } = completion ?? {};
    const promptTokens = usage?.prompt_tokens ?? most.promptTokens;
    const answerTokens = usage?.completion_tokens ?? most.answerTokens;
    const cost = this.price(promptTokens, answerTokens);
    const text: unknown = choices?.[0]?.message?.content;
    if (typeof text !== 'string' || text.trim() === '') {
      throw new BadAnswerError('the answer is empty', cost, true);
    }
    if (most.isBound && !isJson(text)) throw new BadAnswerError('the answer breaks off or is no JSON', cost);
    return { text, promptTokens, answerTokens, cost };
  }

  /** A text without characters gets the zero vector. */
  async encode(texts: readonly string[], progress: Progress = this.context.progress): Promise<Float32Array> {
    const { embeddingModel, dimensions, concurrency, textsPerRequest } = this.config;
    if (!embeddingModel) throw missingKey('embeddingModel', 'turns texts into vectors');
    await this.learnHiddenSize();
    return storedVectors(texts, {
      context: this.context,
      progress,
      label: `${this.id}: reading texts`,
      identity: JSON.stringify([this.host, embeddingModel, dimensions]),
      hiddenSize: this.hiddenSize,
      textsPerWrite: textsPerRequest * concurrency,
      read: (part) => this.encodePart(part.map((i) => texts[i])),
    });
  }

  private async encodePart(texts: readonly string[]): Promise<Float32Array[]> {
    const result = texts.map(() => new Float32Array(this.hiddenSize));
    const read = texts.flatMap((text, i) => (text.trim() === '' ? [] : [i]));
    const { textsPerRequest: size } = this.config;
    const requests = Array.from({ length: Math.ceil(read.length / size) }, async (_, n) => {
      const part = read.slice(n * size, (n + 1) * size);
      const vectors = await this.vectorsOf(part.map((i) => texts[i]));
      part.forEach((i, k) => result[i].set(vectors[k]));
    });
    const failed = (await Promise.allSettled(requests)).find(({ status }) => status === 'rejected');
    if (failed?.status === 'rejected') throw failed.reason;
    return result;
  }

  /** One request. @returns [H] each */
  private async vectorsOf(texts: readonly string[]): Promise<number[][]> {
    const { embeddingModel: model = '', dimensions, embeddingPrice = 0 } = this.config;
    const most = texts.reduce((sum, text) => sum + mostTokens(text) + templateTokens, 0);
    const { result } = await this.sender.send<number[][]>({
      worst: { tokens: most, cost: (most * embeddingPrice) / million },
      signal: this.context.signal,
      send: async (signal) => {
        // Not every server knows the package's default, base64.
        const body = { model, input: [...texts], encoding_format: 'float' as const, dimensions };
        const response: Partial<OpenAI.CreateEmbeddingResponse> | undefined =
          await this.client.embeddings.create(body, { signal });
        const tokens = response?.usage?.prompt_tokens ?? most;
        const use = { tokens, cost: (tokens * embeddingPrice) / million };
        const wrong = wrongVectors(response?.data, texts.length, this.hiddenSize);
        if (wrong) throw new BadAnswerError(wrong, use.cost);
        const sorted = [...(response?.data ?? [])].sort((a, b) => a.index - b.index);
        return { result: sorted.map(({ embedding }) => embedding), use };
      },
    });
    return result;
  }

  dispose(): void {
    // Nothing is held: connections that are idle are closed by Node.
  }
}

function mostPromptTokens(prompt: string, schema: Schema): number {
  return mostTokens(prompt) + templateTokens + (schema ? mostTokens(JSON.stringify(schema)) : 0);
}

/** @param size 0: not known yet @returns what is wrong, or undefined */
function wrongVectors(data: unknown, count: number, size: number): string | undefined {
  const rows = Array.isArray(data) ? (data as Partial<OpenAI.Embedding>[]) : [];
  const indices = new Set(rows.map(({ index }) => index));
  if (rows.length !== count || indices.size !== count)
    return `it sent ${rows.length} vectors for ${count} texts`;
  const wanted = size || (rows[0].embedding?.length ?? 0);
  for (const { embedding } of rows) {
    if (!Array.isArray(embedding) || embedding.length === 0 || !embedding.every(Number.isFinite))
      return 'it sent a vector that is none';
    if (embedding.length !== wanted)
      return `it sent a vector of ${embedding.length} numbers instead of ${wanted}`;
  }
  return undefined;
}

function missingKey(key: string, does: string): UsageError {
  return new UsageError(`"knowledge.${key}" is missing: it names the model that ${does}.`);
}
