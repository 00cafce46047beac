import { type FusionContext, type WrittenText, centred, encodeTexts, encodeViews } from '@coco-rec/core';
import { textFeatures } from '../join-views.js';
import type { VectorTable } from '../whiten.js';
import type { GeneratedTextConfig } from './generated-text-config.js';
import { outlierRows } from './outliers.js';

/** Vectors of generated texts; rows without text are zero. */
export interface TextTable {
  readonly features: VectorTable;
  /** [count], 1 where there is a text. */
  readonly hasText: Uint8Array;
}

export interface TextTableInput {
  readonly context: FusionContext;
  /** Id of the fusion. */
  readonly fusion: string;
  /** "users" or "items", for the log. */
  readonly kind: string;
  readonly texts: readonly WrittenText[];
  /** Row of each text. */
  readonly rows: readonly number[];
  /** Rows of the table. */
  readonly count: number;
  readonly config: Pick<GeneratedTextConfig, 'textWidth' | 'control' | 'flagged'>;
}

/** Encodes the texts by the frozen language model and whitens them; says what is missing and what is odd. */
export async function textTable(input: TextTableInput): Promise<TextTable> {
  const { context, fusion, count, config } = input;
  const random = context.random.derive('texts', input.kind);
  const echoes = input.texts.filter(({ flags }) => flags.length > 0).length;
  let used = [...input.texts.keys()].filter((i) => isUsed(input.texts[i], config));
  const hasText = new Uint8Array(count);
  if (used.length === 0) {
    context.progress.log(`${fusion}: no text for ${input.kind}: all take the no-text path.`);
    const width = Math.max(1, Math.min(config.textWidth || Infinity, context.knowledge?.hiddenSize ?? 1));
    return noTexts(count, width);
  }
  const texts = used.map((i) => input.texts[i].text ?? '');
  const { vectors, hiddenSize: H } = await encodeTexts(context, `Fusion "${fusion}"`, texts);
  const seen = await encodeViews(context, texts);
  const outliers = new Set(outlierRows(vectors, H));
  const kept = [...used.keys()].filter((n) => config.flagged === 'keep' || !outliers.has(n));
  used = kept.map((n) => used[n]);
  const rows = used.map((i) => input.rows[i]);
  for (const row of rows) hasText[row] = 1;
  if (config.control === 'placebo') random.derive('placebo').shuffle(rows);
  report(input, { used: used.length, echoes, outliers: outliers.size });
  const tableOf = (all: Float32Array): VectorTable => {
    const own = new Float32Array(kept.length * H);
    kept.forEach((n, i) => own.set(all.subarray(n * H, (n + 1) * H), i * H));
    return { values: centred(own, rows, count, H), count, width: H };
  };
  const read = { table: tableOf(vectors), views: seen.map(tableOf), hasText };
  return { features: await textFeatures(read, config.textWidth, random), hasText };
}

/** A table without any text. */
export function noTexts(count: number, width = 1): TextTable {
  const features = { values: new Float32Array(count * width), count, width };
  return { features, hasText: new Uint8Array(count) };
}

function isUsed({ text, flags }: WrittenText, { flagged }: TextTableInput['config']): boolean {
  return text !== undefined && (flagged === 'keep' || flags.length === 0);
}

function report(
  { context, fusion, kind, texts, config }: TextTableInput,
  { used, echoes, outliers }: { used: number; echoes: number; outliers: number },
): void {
  const odd =
    echoes + outliers > 0 ? `; flagged and ${config.flagged === 'keep' ? 'kept' : 'dropped'}: ` : '.';
  const what = odd === '.' ? '' : `${echoes} repeat instructions, ${outliers} lie far from all others.`;
  context.progress.log(`${fusion}: ${used} of ${texts.length} ${kind} have a text${odd}${what}`);
}
