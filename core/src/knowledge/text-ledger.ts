import type { GenerateForecast, KnowledgeLLM } from '../specification/knowledge-llm.js';
import type { Hasher, StoredText, TextStore } from '../specification/ports.js';
import type { TextPrompt, TextWriter, TunedWriter, WrittenText } from '../specification/text-writer.js';
import type { TuningConfig, TuningPair } from '../specification/tuning.js';
import { type TextKeyInput, answerHashOf, textKey } from './text-key.js';
import { tunedHash } from './tuned-hash.js';

/** Begins the stand-in for an answer that is not there yet. */
const pending = '⟨not written yet⟩';

/** One text that a fusion asks for. */
export interface LedgerEntry {
  readonly step: string;
  readonly prompt: TextPrompt;
  readonly maxTokens: number;
  /** What is stored of it: a text or a failure. */
  readonly record?: StoredText;
  /**
   * The prompt, or the model that is to be tuned for it, waits for an answer of an earlier step; until then it may be left
   * out or come in another form.
   */
  readonly waits: boolean;
}

interface Asked {
  readonly maxTokens: number;
  readonly knowledge: TextKeyInput['knowledge'];
  /** It hangs on pairs that are not all there yet. */
  readonly isUnknown?: boolean;
}

/**
 * A writer that only looks: lists what a fusion asks for and what is stored of it, and sends nothing. What hangs on an
 * answer that is missing is asked with a stand-in of full length, so that a forecast is an upper bound.
 */
export class TextLedger implements TextWriter {
  /** By key: who asks the same is listed once. */
  private readonly byKey = new Map<string, LedgerEntry>();

  constructor(
    private readonly options: {
      readonly knowledge: KnowledgeLLM;
      readonly store: TextStore;
      readonly hasher: Hasher;
    },
  ) {}

  get entries(): LedgerEntry[] {
    return [...this.byKey.values()];
  }

  write(
    step: string,
    prompts: readonly TextPrompt[],
    { maxTokens }: { readonly maxTokens: number },
  ): Promise<WrittenText[]> {
    return this.look(step, prompts, { maxTokens, knowledge: this.options.knowledge });
  }

  /** Tunes nothing: by the pairs it knows under which keys the tuned model's texts are stored. */
  tuned(label: string, pairs: readonly TuningPair[] | undefined, config: TuningConfig): Promise<TunedWriter> {
    const { knowledge: base, hasher } = this.options;
    const contentHash = pairs
      ? tunedHash(answerHashOf(base), pairs, config, hasher)
      : `not tuned yet: ${label}`;
    const model = { knowledge: { contentHash }, isUnknown: !pairs };
    return Promise.resolve({
      pairCount: pairs?.length ?? 0,
      write: (step, prompts, options) => this.look(step, prompts, { ...options, ...model }),
      dispose: () => undefined,
    });
  }

  private async look(
    step: string,
    prompts: readonly TextPrompt[],
    { maxTokens, knowledge, isUnknown = false }: Asked,
  ): Promise<WrittenText[]> {
    const { store, hasher } = this.options;
    const keys = prompts.map((prompt) => textKey({ prompt, knowledge, maxTokens }, hasher));
    const records = await store.get(keys);
    return prompts.map((prompt, i) => {
      const record = records[i];
      const waits = isUnknown || prompt.text.includes(pending);
      // Prompts of two steps may be alike only as long as both hold the stand-in.
      const place = waits ? `${step} ${keys[i]}` : keys[i];
      if (!this.byKey.has(place)) this.byKey.set(place, { step, prompt, maxTokens, record, waits });
      const standIn = `${pending}${' word'.repeat(maxTokens)}`;
      const { shown } = prompt;
      if (!record) return { text: standIn, flags: [], shown, isTentative: true };
      const { text, failure, failureKind, flags } = record;
      return { text, failure, failureKind, flags, shown, ...(text === undefined && { standIn }) };
    });
  }

  /** What it would take at most to write what is missing; by step, in the order of asking. */
  async forecast(): Promise<Map<string, GenerateForecast>> {
    const missing = new Map<string, LedgerEntry[]>();
    for (const entry of this.entries) {
      if (entry.record?.text !== undefined) continue;
      missing.set(entry.step, [...(missing.get(entry.step) ?? []), entry]);
    }
    const forecasts = new Map<string, GenerateForecast>();
    for (const [step, entries] of missing) {
      const texts = entries.map(({ prompt }) => prompt.text);
      const { maxTokens } = entries[0];
      const unknown = {
        requests: texts.length,
        promptTokens: NaN,
        answerTokens: texts.length * maxTokens,
        cost: 0,
      };
      forecasts.set(step, (await this.options.knowledge.forecast?.(texts, { maxTokens })) ?? unknown);
    }
    return forecasts;
  }
}
