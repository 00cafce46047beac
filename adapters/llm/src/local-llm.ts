import { setImmediate as nextTurn } from 'node:timers/promises';
import * as tf from '@tensorflow/tfjs-core';
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
import { poolTexts } from './decoder/pool-texts.js';
import { storedVectors } from './stored-vectors.js';
import { TunedLocalLLM } from './tuning/tuned-local-llm.js';

/** Tokens that one encoding pass reads at most, padding included. */
export const tokensPerPass = 1024;

/** Texts between two writes to the store: what a stop can lose. */
const textsPerWrite = 256;

export interface LocalLLMOptions {
  readonly id: string;
  /** Identity of the weights and of all that changes the vectors. */
  readonly contentHash: string;
  readonly pooling: 'mean' | 'last';
  /** Longer texts are cut. */
  readonly maxTokens: number;
  readonly context: AdapterContext;
}

/** A decoder on this machine as a source of knowledge. */
export class LocalLLM implements KnowledgeLLM {
  readonly specVersion = 'v1';
  readonly id: string;
  readonly capabilities = { encode: true, generate: true, differentiable: true, tune: true };
  readonly hiddenSize: number;
  readonly contentHash: string;

  constructor(
    readonly decoder: LocalDecoder,
    private readonly options: LocalLLMOptions,
  ) {
    this.id = options.id;
    this.hiddenSize = decoder.hiddenSize;
    this.contentHash = options.contentHash;
  }

  /** A text without tokens gets the zero vector. */
  async encode(
    texts: readonly string[],
    progress: Progress = this.options.context.progress,
  ): Promise<Float32Array> {
    const { context, maxTokens } = this.options;
    const ids = texts.map((): number[] | undefined => undefined);
    const idsOf = (i: number): number[] => (ids[i] ??= this.decoder.tokenize(texts[i], maxTokens));
    return storedVectors(texts, {
      context,
      progress,
      label: `${this.id}: reading texts`,
      identity: this.contentHash,
      hiddenSize: this.hiddenSize,
      textsPerWrite,
      // Texts of like length side by side pad little; sorted as a whole, so that the same texts share a pass every time.
      order: (missing) => missing.sort((a, b) => idsOf(a).length - idsOf(b).length || a - b),
      read: (part) => this.encodePart(part.map(idsOf)),
    });
  }

  /** @param part token ids, by length @returns [H] each */
  private async encodePart(part: readonly (readonly number[])[]): Promise<Float32Array[]> {
    const H = this.hiddenSize;
    const result: Float32Array[] = [];
    for (let from = 0; from < part.length;) {
      await nextTurn(); // lets Ctrl-C through: reading on the engine never waits for the outside
      this.options.context.signal?.throwIfAborted();
      let to = from;
      let longest = 0;
      while (to < part.length) {
        const { length } = part[to];
        if (to > from && (to - from + 1) * Math.max(longest, length) > tokensPerPass) break;
        longest = Math.max(longest, length);
        to++;
      }
      const pass = part.slice(from, to);
      const vectors = tf.tidy(() => poolTexts(this.decoder, pass, this.options.pooling));
      const values = await vectors.data<'float32'>();
      vectors.dispose();
      result.push(...pass.map((_, n) => values.slice(n * H, (n + 1) * H)));
      from = to;
    }
    return result;
  }

  generate(prompts: readonly string[], options: GenerateOptions): Promise<string[]> {
    const signal = options.signal ?? this.options.context.signal;
    return generateTexts(this.decoder, prompts, { ...options, signal });
  }

  forecast(
    prompts: readonly string[],
    { maxTokens }: { readonly maxTokens: number },
  ): Promise<GenerateForecast> {
    return Promise.resolve(forecastTexts(this.decoder, prompts, maxTokens));
  }

  tune(pairs: readonly TuningPair[], config: TuningConfig, options: TuningOptions): Promise<TunedLocalLLM> {
    const { id, contentHash, decoder } = this;
    const base = { id, contentHash, decoder, context: this.options.context };
    return TunedLocalLLM.open(base, pairs, config, options);
  }

  dispose(): void {
    this.decoder.dispose();
  }
}
