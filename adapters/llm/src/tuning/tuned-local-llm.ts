import {
  type AdapterContext,
  CocoError,
  type GenerateForecast,
  type GenerateOptions,
  type LoraWeights,
  Parameters,
  Random,
  type TunedLLM,
  type TuningConfig,
  type TuningOptions,
  type TuningPair,
  tunedHash,
} from '@coco-rec/core';
import { forecastTexts, generateTexts } from '../decoder/generate-texts.js';
import type { LocalDecoder } from '../decoder/local-decoder.js';
import { type Example, examplesOf } from './examples.js';
import { StoredTunings } from './stored-tunings.js';
import { tuneDecoder } from './tune-decoder.js';

/** The model that is tuned. */
export interface TuningBase {
  readonly id: string;
  readonly answerHash: string;
  readonly decoder: LocalDecoder;
  readonly readPrompt: (prompt: string) => number[];
  readonly context: AdapterContext;
}

/** A decoder on this machine with LoRA weights of its own. */
export class TunedLocalLLM implements TunedLLM {
  readonly specVersion = 'v1';
  readonly id: string;
  readonly capabilities = { encode: false, generate: true, differentiable: false };
  readonly hiddenSize: number;

  private constructor(
    private readonly base: TuningBase,
    readonly contentHash: string,
    readonly pairCount: number,
    private readonly parameters: Parameters,
    private readonly lora: LoraWeights,
  ) {
    this.id = `${base.id}+lora`;
    this.hiddenSize = base.decoder.hiddenSize;
  }

  /** Tunes, or takes the weights that are stored. */
  static async open(
    base: TuningBase,
    pairs: readonly TuningPair[],
    config: TuningConfig,
    options: TuningOptions,
  ): Promise<TunedLocalLLM> {
    const { decoder, context } = base;
    const { hasher, tunings, progress } = context;
    const examples = checkedExamples(base, pairs, config, options);
    const hash = tunedHash(base.answerHash, pairs, config, hasher);
    const parameters = new Parameters(new Random(config.seed).derive('lora'));
    try {
      const lora = decoder.createLora(parameters, config);
      const store = new StoredTunings(tunings, hasher, options.progress ?? progress);
      const stored = await store.get(hash);
      if (stored) parameters.restore(stored);
      else {
        const signal = options.signal ?? context.signal;
        await tuneDecoder({ decoder, lora, parameters, examples, config, options: { ...options, signal } });
        await store.put(hash, await parameters.state());
      }
      return new TunedLocalLLM(base, hash, examples.length, parameters, lora);
    } catch (error) {
      parameters.dispose();
      throw error;
    }
  }

  generate(prompts: readonly string[], options: GenerateOptions): Promise<string[]> {
    const signal = options.signal ?? this.base.context.signal;
    const { decoder, readPrompt } = this.base;
    return generateTexts(decoder, prompts, { ...options, signal, readPrompt, lora: this.lora });
  }

  forecast(prompts: readonly string[], { maxTokens }: { maxTokens: number }): Promise<GenerateForecast> {
    return Promise.resolve(forecastTexts(this.base.readPrompt, prompts, maxTokens));
  }

  dispose(): void {
    this.parameters.dispose();
  }
}

function checkedExamples(
  base: TuningBase,
  pairs: readonly TuningPair[],
  { maxTokens }: TuningConfig,
  { label, progress }: TuningOptions,
): Example[] {
  const examples = examplesOf(base.decoder, pairs, maxTokens, base.readPrompt);
  if (examples.length === 0) {
    throw new CocoError(
      `${label}: there is nothing to tune on: of ${pairs.length} pairs, none has both sides and at most ${maxTokens} tokens.`,
    );
  }
  if (examples.length < pairs.length) {
    const left = pairs.length - examples.length;
    progress?.log(`${label}: ${left} of ${pairs.length} pairs have an empty side or more than ${maxTokens} tokens and are left out.`); // prettier-ignore
  }
  return examples;
}
