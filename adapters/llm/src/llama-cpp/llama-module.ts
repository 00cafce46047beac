/** What is used of `node-llama-cpp` 3, and how it is found. It is no dependency: its GPU binaries weigh 700 MB. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CocoError } from '@coco-rec/core';
import { cacheFolder } from '../knowledge-store.js';

/** A token's id, as the package passes it. */
export type Token = number;

export interface LlamaSequence {
  /** Tokens in memory. */
  readonly nextTokenIndex: number;
  compareContextTokens(tokens: Token[]): { readonly firstDifferentIndex: number };
  eraseContextTokenRanges(ranges: { start: number; end: number }[]): Promise<void>;
  clearHistory(): Promise<void>;
  /** Yields tokens until the model ends its answer. */
  evaluate(
    tokens: Token[],
    options: {
      readonly temperature: number;
      readonly grammarEvaluationState?: object;
      readonly evaluationPriority?: number;
    },
  ): AsyncGenerator<Token, void, void>;
}

export interface LlamaContext {
  getSequence(): LlamaSequence;
}

export interface LlamaEmbeddingContext {
  getEmbeddingFor(input: Token[]): Promise<{ readonly vector: readonly number[] }>;
}

/** What a sequence wants of the next batch. */
export interface BatchItem {
  readonly tokens: readonly Token[];
  readonly evaluationPriority: number;
}

export interface BatchShare {
  readonly item: BatchItem;
  /** Tokens of the item that the batch takes. */
  readonly processAmount: number;
}

interface AnsweringOptions extends ContextOptions {
  readonly sequences: number;
  readonly flashAttention: boolean;
  readonly batching: {
    readonly itemPrioritizationStrategy: (
      this: void,
      waiting: { readonly items: readonly BatchItem[]; readonly size: number },
    ) => BatchShare[];
  };
}

interface ContextOptions {
  readonly contextSize: number;
  readonly batchSize?: number;
  readonly threads?: number;
}

export interface LlamaModel {
  readonly embeddingVectorSize: number;
  readonly tokenizer: unknown;
  readonly tokens: { readonly bos: Token | null; readonly shouldPrependBosToken: boolean };
  tokenize(text: string, specialTokens?: boolean): Token[];
  detokenize(tokens: readonly Token[]): string;
  isEogToken(token: Token): boolean;
  createContext(options: AnsweringOptions): Promise<LlamaContext>;
  createEmbeddingContext(options: ContextOptions): Promise<LlamaEmbeddingContext>;
  dispose(): Promise<void>;
}

export interface Llama {
  /** Cores that compute. */
  readonly cpuMathCores: number;
  loadModel(options: { readonly modelPath: string }): Promise<LlamaModel>;
  createGrammarForJsonSchema(schema: object): Promise<object>;
}

interface ChatText {
  tokenize(tokenizer: unknown): Token[];
}

export interface LlamaModule {
  getLlama(options: Readonly<Record<string, unknown>>): Promise<Llama>;
  /** The chat template that the file brings, or the one of its architecture. */
  resolveChatWrapper(model: LlamaModel): {
    generateContextState(options: { chatHistory: readonly object[] }): { readonly contextText: ChatText };
  };
  readonly LlamaGrammarEvaluationState: new (options: { model: LlamaModel; grammar: object }) => object;
}

const packageName = 'node-llama-cpp';
const started = new Map<boolean, Promise<Llama>>();

/** @throws CocoError that says how to install it, in one sentence */
export async function loadLlamaModule(): Promise<LlamaModule> {
  const folder = join(cacheFolder(), 'llama-cpp');
  const place = findPackage([import.meta.url, join(folder, 'package.json')]);
  if (place === undefined) {
    throw new CocoError(
      `llama.cpp is not installed: "npm install --prefix ${folder} --omit=optional ${packageName}@3 ` +
        `${binaryPackage()}@3" brings it for processors, without "--omit=optional" for GPUs too.`,
    );
  }
  return (await import(pathToFileURL(place).href)) as LlamaModule;
}

/** Looks beside this package, as an application has it, then in the cache folder. */
function findPackage(places: readonly string[]): string | undefined {
  for (const place of places) {
    try {
      return createRequire(place).resolve(packageName);
    } catch {
      // It is not there.
    }
  }
  return undefined;
}

function binaryPackage(): string {
  const { platform, arch } = process;
  if (platform === 'darwin') return `@${packageName}/mac-${arch === 'arm64' ? 'arm64-metal' : 'x64'}`;
  return `@${packageName}/${platform === 'win32' ? 'win' : platform}-${arch === 'arm' ? 'armv7l' : arch}`;
}

/** llama.cpp in this process, started once. Nothing is downloaded or built. @throws CocoError where it does not run here */
export function startLlama(module: LlamaModule, gpu: boolean): Promise<Llama> {
  const options = {
    gpu: gpu ? 'auto' : false,
    build: 'never',
    skipDownload: true,
    progressLogs: false,
    logLevel: 'error',
    // What goes wrong is thrown as well; a library does not write on the terminal.
    logger: () => undefined,
  };
  const running = started.get(gpu) ?? module.getLlama(options);
  started.set(gpu, running);
  return running.catch((error: unknown) => {
    started.delete(gpu);
    throw new CocoError(`llama.cpp does not start: ${firstLine(error)}`, { cause: error });
  });
}

export function firstLine(error: unknown): string {
  const [line] = (error instanceof Error ? error.message : String(error)).split('\n');
  return /[.!?]$/.test(line) ? line : `${line}.`;
}
