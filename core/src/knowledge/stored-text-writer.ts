import { CocoError, UsageError } from '../errors.js';
import type { GeneratedText, KnowledgeLLM } from '../specification/knowledge-llm.js';
import type { Hasher, Progress, StoredText, TextStore } from '../specification/ports.js';
import type { TextPrompt, TextWriter, TunedWriter, WrittenText } from '../specification/text-writer.js';
import type { TuningConfig, TuningPair } from '../specification/tuning.js';
import { emptyAnswer } from './empty-answer.js';
import { repeatsInstructions } from './instruction-echo.js';
import { textKey } from './text-key.js';

export interface StoredTextWriterOptions {
  readonly knowledge: KnowledgeLLM;
  readonly store: TextStore;
  readonly hasher: Hasher;
  readonly progress: Progress;
  readonly signal?: AbortSignal;
  /** Further tries of a prompt without answer. Default 1. */
  readonly retries?: number;
  /** Asks again what failed in an earlier run. Default true. */
  readonly retryStored?: boolean;
  /** Refuses to send what costs money. Default false. */
  readonly freeOnly?: boolean;
}

/** A prompt that has no text yet. */
interface OpenPrompt {
  readonly key: string;
  readonly prompt: TextPrompt;
}

interface Step {
  readonly name: string;
  readonly maxTokens: number;
  readonly total: number;
  readonly records: Map<string, StoredText>;
  readonly startedAt: number;
  done: number;
  written: number;
  cost: number;
}

/**
 * Asks the language model for what is not in the store. Every answer is put there before the next one is heard of, so a
 * crash loses the requests in flight and no more, and nothing is sent twice.
 */
export class StoredTextWriter implements TextWriter {
  constructor(private readonly options: StoredTextWriterOptions) {}

  /** @throws UsageError for what costs money where only free texts are allowed; what the language model throws */
  async write(
    name: string,
    prompts: readonly TextPrompt[],
    { maxTokens }: { readonly maxTokens: number },
  ): Promise<WrittenText[]> {
    const { knowledge, hasher, store, retries = 1, retryStored = true, progress } = this.options;
    const keys = prompts.map((prompt) => textKey({ prompt, knowledge, maxTokens }, hasher));
    const records = new Map<string, StoredText>();
    (await store.get(keys)).forEach((record) => record && records.set(record.key, record));
    const isOpen = ({ key }: OpenPrompt): boolean => records.get(key)?.text === undefined;
    const asked = new Map(keys.map((key, i) => [key, { key, prompt: prompts[i] }]));
    let open = [...asked.values()].filter((one) => isOpen(one) && (retryStored || !records.has(one.key)));
    const [total, startedAt] = [asked.size, Date.now()];
    const step = {
      name,
      maxTokens,
      total,
      records,
      startedAt,
      done: total - open.length,
      written: 0,
      cost: 0,
    };
    if (open.length > 0) await this.checkCost(open, step);
    for (let attempt = 0; open.length > 0 && attempt <= retries; attempt++) {
      await this.ask(open, step);
      open = open.filter(isOpen);
    }
    if (open.length > 0)
      progress.log(
        `${name}: ${open.length} of ${total} prompts have no answer; "coco knowledge inspect --failed" lists them.`,
      );
    return keys.map((key, i) => writtenText(records.get(key), prompts[i]));
  }

  /** @throws UsageError where the language model cannot be tuned; what its `tune` throws */
  async tuned(
    label: string,
    pairs: readonly TuningPair[] | undefined,
    config: TuningConfig,
  ): Promise<TunedWriter> {
    const { knowledge: base, progress, signal } = this.options;
    if (!base.tune) throw new UsageError(`The language model "${base.id}" cannot be tuned.`);
    if (!pairs) throw new CocoError(`${label}: the pairs to be tuned on hang on answers that are not there.`);
    if (pairs.length === 0) {
      throw new CocoError(
        `${label}: the answers gave no pair to tune on. More of them may, or a language model that follows prompts better.`,
      );
    }
    const knowledge = await base.tune(pairs, config, { label, progress, signal });
    const writer = new StoredTextWriter({ ...this.options, knowledge });
    return {
      pairCount: knowledge.pairCount,
      write: (step, prompts, options) => writer.write(step, prompts, options),
      dispose: () => knowledge.dispose(),
    };
  }

  private async checkCost(open: readonly OpenPrompt[], { name, maxTokens }: Step): Promise<void> {
    const { knowledge, freeOnly = false } = this.options;
    if (!freeOnly) return;
    const texts = open.map(({ prompt }) => prompt.text);
    const cost = (await knowledge.forecast?.(texts, { maxTokens }))?.cost ?? 0;
    if (cost === 0 && !knowledge.hosted) return;
    const price =
      cost > 0 ? `would cost up to $${cost.toFixed(2)}` : 'come from a service that may charge for them';
    throw new UsageError(
      `${name}: ${open.length} texts are not stored yet and ${price}. ` +
        'Have them written first, by "coco knowledge extract" with the same config.',
    );
  }

  private async ask(open: readonly OpenPrompt[], step: Step): Promise<void> {
    const { knowledge, store, signal } = this.options;
    if (!knowledge.generate)
      throw new CocoError(`The language model "${knowledge.id}" cannot generate text.`);
    const keep = async (made: StoredText): Promise<void> => {
      const record = withEarlierTries(made, step.records.get(made.key));
      await store.put(record);
      step.records.set(record.key, record);
      step.cost += made.cost;
    };
    await knowledge.generate(
      open.map(({ prompt }) => prompt.text),
      {
        maxTokens: step.maxTokens,
        signal,
        onAnswer: async (index, answer) => {
          const record = this.record(open[index], answer);
          await keep(record);
          step.written++;
          if (record.text !== undefined) step.done++;
          this.report(step);
        },
        onFailure: async (index, reason, { kind: failureKind, cost = 0 } = {}) => {
          const none = { text: '', promptTokens: 0, answerTokens: 0, cost };
          await keep({ ...this.record(open[index], none), failure: reason, failureKind });
          this.report(step);
        },
      },
    );
  }

  /** An answer without a word is no answer. */
  private record({ key, prompt }: OpenPrompt, answer: GeneratedText): StoredText {
    const text = answer.text.trim();
    const { promptTokens, answerTokens, cost } = answer;
    const flags = repeatsInstructions(text, prompt.instructions) ? ['echo'] : [];
    const { template, shown } = prompt;
    const rest = {
      template,
      model: this.options.knowledge.id,
      shown,
      flags,
      promptTokens,
      answerTokens,
      cost,
    };
    return text === ''
      ? { key, failure: emptyAnswer, failureKind: 'empty', ...rest }
      : { key, text, ...rest };
  }

  private report({ name, done, total, written, cost, startedAt }: Step): void {
    const minutes = Math.max(1, Date.now() - startedAt) / 60_000;
    const rate = written / minutes;
    const spend = cost > 0 ? `, $${cost.toFixed(4)} spent` : '';
    this.options.progress.report(name, done, total, `${rate.toPrecision(3)} a minute${spend}`);
  }
}

/** The last record of a key counts, so it tells what the tries before it took, in this run or an earlier one. */
function withEarlierTries(record: StoredText, earlier: StoredText | undefined): StoredText {
  if (!earlier) return record;
  return {
    ...record,
    promptTokens: record.promptTokens + earlier.promptTokens,
    answerTokens: record.answerTokens + earlier.answerTokens,
    cost: record.cost + earlier.cost,
  };
}

/** Where several ask the same, each has its own provenance. */
function writtenText(record: StoredText | undefined, { shown }: TextPrompt): WrittenText {
  const { text, failure, failureKind, flags = [] } = record ?? {};
  return { text, failure, failureKind, flags, shown };
}
