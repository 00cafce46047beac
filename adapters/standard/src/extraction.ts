import {
  type FusionStrategy,
  type GenerateForecast,
  type KnowledgeLLM,
  type LedgerEntry,
  type Provenance,
  type RunConfig,
  type ServiceAccount,
  StoppedError,
  TextLedger,
  type TrainingPart,
  UsageError,
} from '@coco-rec/core';
import { outlierRows } from '@coco-rec/fusion';
import { type PlainConfig, checkConfig } from './load-config.js';
import { type RecommenderOptions, createContext } from './recommender.js';
import { type CheckedUnits, Session } from './session.js';

/** How far one step of an extraction is. */
export interface ExtractionStep {
  readonly step: string;
  /** Texts that the fusion asks for; equal prompts count once. */
  readonly texts: number;
  readonly written: number;
  /** Asked, and no answer after all tries. */
  readonly failed: number;
  /** Written, and odd: see `flagged`. */
  readonly flagged: number;
  /** Prompts that wait for an answer of an earlier step. */
  readonly waiting: number;
  /** Of what is written. */
  readonly tokens: number;
  readonly cost: number;
  /** What the rest takes at most, without retries; absent where nothing is left. */
  readonly forecast?: GenerateForecast;
}

/** One text with its prompt, for reading and for export. */
export interface ExtractedText {
  readonly step: string;
  readonly user?: string;
  readonly item?: string;
  /** The user's interactions that the prompt shows are among the first this many. */
  readonly shownUntil?: number;
  /** Another user whom the prompt shows for comparison. */
  readonly beside?: Provenance['beside'];
  readonly template: string;
  readonly model: string;
  readonly prompt: string;
  readonly text?: string;
  readonly failure?: string;
  readonly flags: readonly string[];
}

/** The offline stage of the fusion that a config names: its generated texts, written, counted and read. */
export class Extraction {
  private constructor(
    private readonly session: Session,
    private readonly fusion: FusionStrategy,
    private readonly writing: KnowledgeLLM,
    private readonly reading: () => Promise<KnowledgeLLM | undefined>,
  ) {}

  /** Loads data and the language model that writes. @throws UsageError if the fusion reads no generated text */
  static async open(plain: PlainConfig, options: RecommenderOptions = {}): Promise<Extraction> {
    const config = checkConfig(plain);
    const { registry, context } = createContext(config.output, options);
    const session = await Session.open(config, registry, context);
    try {
      const units = generatingUnits(session, config);
      const writing = (await session.writingOf(units, config)) as KnowledgeLLM;
      const fusion = units.fusion.create(units.fusionConfig);
      return new Extraction(session, fusion, writing, () => session.knowledgeOf(units, config));
    } catch (error) {
      session.dispose();
      throw error;
    }
  }

  /**
   * Has every missing text written; failed ones are tried again.
   * @throws StoppedError by the signal; the next call goes on
   */
  async run(): Promise<void> {
    const writer = this.session.writer(this.writing);
    if (!writer) throw new UsageError(`The language model "${this.writing.id}" cannot generate text.`);
    try {
      await this.fusion.extract({ ...this.training, writer });
    } catch (cause) {
      const isStop = this.session.context.signal?.aborted && (cause as Error).name === 'AbortError';
      if (!isStop) throw cause;
      throw new StoppedError(
        'Stopped. Every answer that came is kept: the same command goes on with the rest.',
        { cause },
      );
    }
  }

  /** What the service of the language model that writes was paid; undefined where it is none. */
  get account(): ServiceAccount | undefined {
    return this.writing.account;
  }

  /** Counts by step, and what the rest takes. Nothing is sent. */
  async status(): Promise<ExtractionStep[]> {
    const ledger = await this.ledger();
    const forecasts = await ledger.forecast();
    const steps = new Map<string, LedgerEntry[]>();
    for (const entry of ledger.entries) steps.set(entry.step, [...(steps.get(entry.step) ?? []), entry]);
    return [...steps].map(([step, entries]) => ({
      ...countStep(step, entries),
      forecast: forecasts.get(step),
    }));
  }

  /**
   * The texts that are stored or have failed. With `outliers`, those far from all others of their step are flagged too:
   * `free` leaves that out, and says so, where a service that may charge would have to read them.
   */
  async texts(options: { readonly outliers?: 'free' | 'any' } = {}): Promise<ExtractedText[]> {
    const { entries } = await this.ledger();
    const asked = entries.filter(({ record }) => record !== undefined);
    const odd = options.outliers ? await this.outliers(asked, options.outliers) : new Set<LedgerEntry>();
    return asked.map((entry) => describeText(entry, odd.has(entry)));
  }

  private async outliers(
    entries: readonly LedgerEntry[],
    allowed: 'free' | 'any',
  ): Promise<Set<LedgerEntry>> {
    const odd = new Set<LedgerEntry>();
    const reader = await this.reading();
    const why = unreadable(reader, allowed);
    if (why) {
      this.session.context.progress.log(`Texts far from all others are not flagged: ${why}.`);
      return odd;
    }
    for (const step of new Set(entries.map((entry) => entry.step))) {
      const own = entries.filter((entry) => entry.step === step && entry.record?.text !== undefined);
      const vectors = await reader?.encode?.(own.map(({ record }) => record?.text ?? ''));
      for (const row of reader && vectors ? outlierRows(vectors, reader.hiddenSize) : []) odd.add(own[row]);
    }
    return odd;
  }

  private async ledger(): Promise<TextLedger> {
    const { texts: store, hasher } = this.session.context;
    if (!store) throw new UsageError('There is no store of generated texts.');
    const ledger = new TextLedger({ knowledge: this.writing, store, hasher });
    await this.fusion.extract({ ...this.training, writer: ledger });
    return ledger;
  }

  private get training(): TrainingPart {
    const { dataset, trainLengths } = this.session.split;
    return { dataset, trainLengths };
  }

  dispose(): void {
    this.session.dispose();
  }
}

function generatingUnits(session: Session, config: RunConfig): CheckedUnits {
  const units = session.check(config);
  if (!('kind' in units) && units.needs.knowledge?.generate) return units;
  const able = session.registry
    .list('fusion')
    .filter((fusion) => fusion.needs(new fusion.config()).knowledge?.generate)
    .map(({ id }) => id);
  const id = 'kind' in units ? 'none' : units.fusion.id;
  throw new UsageError(
    `Fusion "${id}" as configured reads no generated text: nothing to extract. These do: ${able.join(', ')}; ` +
      'others may by a key, such as "source: generated".',
  );
}

/** @returns why texts cannot become vectors; undefined where they can */
function unreadable(reader: KnowledgeLLM | undefined, allowed: 'free' | 'any'): string | undefined {
  if (!reader?.capabilities.encode) return '"knowledge" names no model that makes vectors of texts';
  if (!reader.hosted || allowed === 'any') return undefined;
  return `"${reader.id}" may charge for reading them; "--outliers" has it done`;
}

function countStep(step: string, entries: readonly LedgerEntry[]): ExtractionStep {
  const count = (test: (entry: LedgerEntry) => boolean): number => entries.filter(test).length;
  const sum = (pick: (entry: LedgerEntry) => number | undefined): number =>
    entries.reduce((total, entry) => total + (pick(entry) ?? 0), 0);
  return {
    step,
    texts: entries.length,
    written: count(({ record }) => record?.text !== undefined),
    failed: count(({ record }) => record?.failure !== undefined),
    flagged: count(({ record }) => record?.text !== undefined && record.flags.length > 0),
    waiting: count(({ waits }) => waits),
    tokens: sum(({ record }) => record && record.promptTokens + record.answerTokens),
    cost: sum(({ record }) => record?.cost),
  };
}

function describeText({ step, prompt, record }: LedgerEntry, isOutlier: boolean): ExtractedText {
  const { user, item, shownUntil, beside } = prompt.shown;
  const flags = [...(record?.flags ?? []), ...(isOutlier ? ['outlier'] : [])];
  const { text, failure, model = '' } = record ?? {};
  return {
    step,
    user,
    item,
    shownUntil,
    beside,
    template: prompt.template,
    model,
    prompt: prompt.text,
    text,
    failure,
    flags,
  };
}
