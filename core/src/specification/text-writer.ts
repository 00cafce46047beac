import type { Provenance, StoredText } from './ports.js';
import type { TuningConfig, TuningPair } from './tuning.js';

/** A question to the language model. */
export interface TextPrompt {
  readonly text: string;
  /** Template and version, "kar-preference 1": part of the key. */
  readonly template: string;
  /** The part of the text that is instruction, not data: an answer that repeats it is flagged. */
  readonly instructions: string;
  readonly shown: Provenance;
}

/** What came of a prompt. */
export interface WrittenText extends Pick<
  StoredText,
  'text' | 'failure' | 'failureKind' | 'flags' | 'shown'
> {
  /** Stands for an answer that is not there yet: told by writers that only look. */
  readonly isTentative?: boolean;
  /** Of a full answer, where the prompt has failed and is asked again: told by writers that only look. */
  readonly standIn?: string;
}

/** Has texts written by the language model, each once: what is stored costs nothing. */
export interface TextWriter {
  /**
   * @param step a word for progress and listings, "preferences of users" @returns one entry a prompt, in order; an entry
   * without `text` has failed after all tries
   */
  write(
    step: string,
    prompts: readonly TextPrompt[],
    options: { readonly maxTokens: number },
  ): Promise<WrittenText[]>;
  /**
   * A writer whose language model is tuned on pairs. Given where the model can be tuned.
   * @param step a word for progress @param pairs undefined: they hang on answers that are not there yet (`isTentative`),
   * as only writers that look give
   */
  tuned?(step: string, pairs: readonly TuningPair[] | undefined, config: TuningConfig): Promise<TunedWriter>;
}

/** Dispose it when all is written. */
export interface TunedWriter extends TextWriter {
  /** Pairs that its model was tuned on; 0 where they are not known yet. */
  readonly pairCount: number;
  dispose(): void;
}
