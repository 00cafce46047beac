import type {
  AdapterContext,
  GenerateForecast,
  GenerateOptions,
  KnowledgeLLM,
  Progress,
  TuningConfig,
  TuningOptions,
  TuningPair,
} from '@coco-rec/core';
import { forecastTexts, generateTexts } from './decoder/generate-texts.js';
import type { LocalDecoder } from './decoder/local-decoder.js';
import { bareText } from './decoder/pool-texts.js';
import { encodeInPasses } from './encoding-passes.js';
import { storedVectors } from './stored-vectors.js';
import type { TextViews } from './text-views.js';
import { TunedLocalLLM } from './tuning/tuned-local-llm.js';

/** Texts between two writes to the store: what a stop can lose. */
const textsPerWrite = 256;

export interface LocalLLMOptions {
  readonly id: string;
  /** Identity of the weights and of all that changes the vectors. */
  readonly vectorHash: string;
  /** The same, and of all that changes the answers. */
  readonly contentHash: string;
  /** Identity of what changes the answers alone. */
  readonly answerHash: string;
  readonly pooling: 'mean' | 'last';
  /** Longer texts are cut. */
  readonly maxTokens: number;
  readonly context: AdapterContext;
  readonly views?: TextViews;
  /** Puts a prompt into the model's chat template; without it, the prompt as it is. */
  readonly chat?: (prompt: string) => number[];
}

/** A decoder on this machine as a source of knowledge. */
export class LocalLLM implements KnowledgeLLM {
  readonly specVersion = 'v1';
  readonly id: string;
  readonly capabilities = { encode: true, generate: true, differentiable: true, tune: true };
  readonly hiddenSize: number;
  readonly contentHash: string;
  readonly answerHash: string;
  readonly views?: TextViews;

  constructor(
    readonly decoder: LocalDecoder,
    private readonly options: LocalLLMOptions,
  ) {
    this.id = options.id;
    this.hiddenSize = decoder.hiddenSize;
    this.contentHash = options.contentHash;
    this.answerHash = options.answerHash;
    this.views = options.views;
  }

  /** A text without tokens gets the zero vector. */
  async encode(
    texts: readonly string[],
    progress: Progress = this.options.context.progress,
  ): Promise<Float32Array> {
    const { context, maxTokens, pooling } = this.options;
    const view = { pooling, layers: this.decoder.numLayers };
    const ids = texts.map((): number[] | undefined => undefined);
    const idsOf = (i: number): number[] => (ids[i] ??= this.decoder.tokenize(texts[i], maxTokens));
    return storedVectors(texts, {
      context,
      progress,
      label: `${this.id}: reading texts`,
      identity: this.options.vectorHash,
      hiddenSize: this.hiddenSize,
      textsPerWrite,
      // Texts of like length side by side pad little; sorted as a whole, so that the same texts share a pass every time.
      order: (missing) => missing.sort((a, b) => idsOf(a).length - idsOf(b).length || a - b),
      read: (part) =>
        encodeInPasses(
          this.decoder,
          part.map((i) => bareText(idsOf(i))),
          [view],
          context.signal,
        ),
    });
  }

  generate(prompts: readonly string[], options: GenerateOptions): Promise<string[]> {
    const signal = options.signal ?? this.options.context.signal;
    return generateTexts(this.decoder, prompts, { ...options, signal, readPrompt: this.readPrompt });
  }

  forecast(
    prompts: readonly string[],
    { maxTokens }: { readonly maxTokens: number },
  ): Promise<GenerateForecast> {
    return Promise.resolve(forecastTexts(this.readPrompt, prompts, maxTokens));
  }

  tune(pairs: readonly TuningPair[], config: TuningConfig, options: TuningOptions): Promise<TunedLocalLLM> {
    const { id, answerHash, decoder, readPrompt } = this;
    const base = { id, answerHash, decoder, readPrompt, context: this.options.context };
    return TunedLocalLLM.open(base, pairs, config, options);
  }

  private readonly readPrompt = (prompt: string): number[] =>
    this.options.chat?.(prompt) ?? this.decoder.tokenize(prompt);

  dispose(): void {
    this.decoder.dispose();
  }
}
