import type { KnowledgeLLM, LoraConfig } from './knowledge-llm.js';
import type { Progress } from './ports.js';

/** One example of supervised fine-tuning: what is asked, and what is to be answered. */
export interface TuningPair {
  readonly prompt: string;
  readonly answer: string;
}

/** How LoRA weights are fitted to pairs. */
export interface TuningConfig extends LoraConfig {
  /** At its height: it rises over the first tenth of the steps and falls to 0 by a cosine. */
  readonly learningRate: number;
  readonly epochs: number;
  /** Pairs a step. */
  readonly batchSize: number;
  /** Longer pairs, prompt and answer together, are left out. */
  readonly maxTokens: number;
  readonly seed: number;
}

/** Who is told, and who may stop it. */
export interface TuningOptions {
  /** Shown beside the progress. */
  readonly label: string;
  readonly progress?: Progress;
  readonly signal?: AbortSignal;
}

/** A language model with LoRA weights of its own on a base that it shares: dispose it first, the base stays. */
export interface TunedLLM extends KnowledgeLLM {
  /** Pairs that it was tuned on: without those that were too long. */
  readonly pairCount: number;
}
