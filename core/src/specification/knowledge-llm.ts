import type * as tf from '@tensorflow/tfjs-core';
import type { Parameters } from './parameters.js';
import type { KnowledgeCapabilities } from './capabilities.js';
import type { Progress, Spent } from './ports.js';
import type { TunedLLM, TuningConfig, TuningOptions, TuningPair } from './tuning.js';

export interface LoraConfig {
  /** r, default 8. */
  readonly rank: number;
  /** α, default 16: the update is scaled by α / r. */
  readonly alpha: number;
  /** Dropout on the input of A, default .05. */
  readonly dropout: number;
}

/** LoRA matrices for the q and v projections of every block, made by `DifferentiableDecoder.createLora`. */
export interface LoraWeights {
  readonly config: LoraConfig;
  readonly variables: readonly tf.Variable[];
}

export interface DecoderPass {
  readonly lora?: LoraWeights;
  /** Key of the counter-based dropout inside LoRA; undefined: no dropout. */
  readonly dropoutKey?: number;
  /**
   * [B] numbers of the rows in a larger batch, so that a row drops the same in whatever part, and at whatever padded
   * width, it is read again.
   */
  readonly dropoutRows?: Int32Array;
}

/** A decoder whose input embeddings and LoRA weights get gradients. */
export interface DifferentiableDecoder {
  /** H. */
  readonly hiddenSize: number;
  readonly numLayers: number;
  /** Mean Euclidean norm of the token embeddings. */
  readonly embeddingNorm: number;
  /** A from a Gaussian, B zero. */
  createLora(parameters: Parameters, config: LoraConfig): LoraWeights;
  /** @returns token ids, at most `maxTokens`, without special tokens. */
  tokenize(text: string, maxTokens?: number): number[];
  /** @param ids [N] int32 @returns [N, H] */
  embed(ids: tf.Tensor1D): tf.Tensor2D;
  /**
   * Hidden states after the final norm. Padding is on the right; positions count valid vectors. Synchronous, and
   * differentiable in `embeddings` and in the LoRA weights.
   * @param embeddings [B, N, H] @param lengths [B] valid vectors of each row @returns [B, N, H]
   */
  forward(embeddings: tf.Tensor3D, lengths: Int32Array, pass?: DecoderPass): tf.Tensor3D;
}

/** What a model wrote for one prompt, and what that took. */
export interface GeneratedText {
  readonly text: string;
  readonly promptTokens: number;
  readonly answerTokens: number;
  /** In US dollars, failed tries included; 0 for local models. */
  readonly cost: number;
}

/** What is known of a prompt without answer besides the reason. */
export interface PromptFailure {
  /** `empty`: the model answers without a word, so that asking again is of little use. */
  readonly kind?: 'empty';
  /** What its tries cost all the same, in US dollars. Default 0. */
  readonly cost?: number;
}

/** How an answer is made, and who is told when. */
export interface GenerateOptions {
  /** Tokens of an answer at most. */
  readonly maxTokens: number;
  /**
   * Told of each answer as soon as it is there, in any order; awaited, so that it can be stored before the next one is
   * reported.
   */
  readonly onAnswer?: (index: number, answer: GeneratedText) => Promise<void> | void;
  /** Told of a prompt that has no answer after all retries; without it the first failure is thrown. */
  readonly onFailure?: (index: number, reason: string, failure?: PromptFailure) => Promise<void> | void;
  readonly signal?: AbortSignal;
  /** A JSON schema the answer must follow, where the model can be bound to it. */
  readonly schema?: Readonly<Record<string, unknown>>;
}

/** What `generate` would take at most, if no request had to be sent again. */
export interface GenerateForecast {
  readonly requests: number;
  readonly promptTokens: number;
  readonly answerTokens: number;
  /** In US dollars; NaN: not known. */
  readonly cost: number;
}

/** What a service was paid. */
export interface ServiceAccount {
  /** The server's. */
  readonly name: string;
  /** In US dollars, for all starts together. Default: none. */
  readonly cap?: number;
  /** Config keys that are not set and without which not all costs are known: those count as 0. */
  readonly missingPrices: readonly string[];
  /** By all starts; requests that are under way at their worst. */
  spent(): Spent;
}

/** Looks at a text in several ways, such as the mean of its tokens' states and the state that follows a question about it. */
export interface TextViewEncoder {
  /** Vectors of a text. */
  readonly count: number;
  /** Cached by content. @returns [N · count · H] */
  encode(texts: readonly string[], progress?: Progress): Promise<Float32Array>;
}

/** A language model as a source of knowledge. Loaded when made; `dispose` frees it. */
export interface KnowledgeLLM {
  readonly specVersion: 'v1';
  readonly id: string;
  readonly capabilities: KnowledgeCapabilities;
  /** H. Where only the model knows it, 0 until `learnHiddenSize` or `encode`. */
  readonly hiddenSize: number;
  /** Makes `hiddenSize` known: for models that are asked for it, since making one sends nothing. */
  learnHiddenSize?(): Promise<void>;
  /** Identity of the weights and of what changes the output (file hash, number of layers, pooling). Keys caches. */
  readonly contentHash: string;
  /**
   * Identity of what changes the answers, and of that alone: another way to make vectors leaves the texts that are stored.
   * Keys generated texts. Default: `contentHash`.
   */
  readonly answerHash?: string;
  /** Mean over tokens of the states after the final norm. Cached by content. @returns [N·H] */
  encode?(texts: readonly string[], progress?: Progress): Promise<Float32Array>;
  /** Several vectors of a text, for titles and generated texts; without them, `encode`'s is the only one. */
  readonly views?: TextViewEncoder;
  /** Answers the prompts. @returns the answers in the order of the prompts, '' where `onFailure` was told */
  generate?(prompts: readonly string[], options: GenerateOptions): Promise<string[]>;
  /** What `generate` would take at most, without retries; nothing is sent. */
  forecast?(prompts: readonly string[], options: { readonly maxTokens: number }): Promise<GenerateForecast>;
  readonly decoder?: DifferentiableDecoder;
  /**
   * Supervised fine-tuning: LoRA weights that make the answers likelier after their prompts. The same pairs, settings and
   * engine give the same weights; they are stored by content, and a second call finds them. Its `contentHash` is
   * `tunedHash`'s.
   * @throws CocoError if no pair is short enough; what `signal` was aborted with, and nothing is stored
   */
  tune?(pairs: readonly TuningPair[], config: TuningConfig, options: TuningOptions): Promise<TunedLLM>;
  /** Its answers come from a service that may charge for them: training never asks it, only extraction. Default false. */
  readonly hosted?: boolean;
  /** What its service was paid. */
  readonly account?: ServiceAccount;
  dispose(): void;
}
