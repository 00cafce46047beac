import { CocoError, UsageError } from '../errors.js';
import type { KnowledgeLLM } from '../specification/knowledge-llm.js';
import type { Progress } from '../specification/ports.js';

/** What encodes texts, and who is told how far it is. */
export interface TextEncoder {
  readonly knowledge?: KnowledgeLLM;
  readonly progress: Progress;
}

/** Vectors of texts by the language model, checked. @param asker who needs them: `Fusion "text"` @returns [N·H] */
export async function encodeTexts(
  { knowledge, progress }: TextEncoder,
  asker: string,
  texts: readonly string[],
): Promise<{ vectors: Float32Array; hiddenSize: number }> {
  if (!knowledge?.encode) {
    throw new UsageError(
      `${asker} needs a language model that can encode texts: see the section "knowledge".`,
    );
  }
  const vectors = await knowledge.encode(texts, progress);
  const { hiddenSize, id } = knowledge; // may have been learnt just now
  return { vectors: checked(vectors, { id, texts, width: hiddenSize }), hiddenSize };
}

/** What the language model sees in each text in several ways, checked. @returns [N·H] a view; none where it has but one */
export async function encodeViews(
  { knowledge, progress }: TextEncoder,
  texts: readonly string[],
): Promise<Float32Array[]> {
  if (!knowledge?.views) return [];
  const { views, hiddenSize: H, id } = knowledge;
  const width = views.count * H;
  const all = checked(await views.encode(texts, progress), { id, texts, width });
  return Array.from({ length: views.count }, (_, v) => {
    const own = new Float32Array(texts.length * H);
    for (let n = 0; n < texts.length; n++) {
      own.set(all.subarray(n * width + v * H, n * width + (v + 1) * H), n * H);
    }
    return own;
  });
}

interface Encoded {
  readonly id: string;
  readonly texts: readonly string[];
  readonly width: number;
}

function checked(vectors: Float32Array, { id, texts, width }: Encoded): Float32Array {
  if (vectors.length !== texts.length * width) {
    throw new CocoError(
      `The language model "${id}" gave ${vectors.length} numbers for ${texts.length} texts of ${width} each.`,
    );
  }
  const bad = vectors.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    const text = texts[Math.floor(bad / width)].slice(0, 60);
    throw new CocoError(
      `The language model "${id}" gave a vector that is not finite for the text "${text}".`,
    );
  }
  return vectors;
}

/** Subtracts the mean of the vectors and puts each in its row. @returns [count·H], zero in other rows */
export function centred(
  vectors: Float32Array,
  rows: readonly number[],
  count: number,
  H: number,
): Float32Array {
  const mean = new Float64Array(H);
  for (let i = 0; i < vectors.length; i++) mean[i % H] += vectors[i] / rows.length;
  const values = new Float32Array(count * H);
  rows.forEach((row, n) => {
    for (let h = 0; h < H; h++) values[row * H + h] = vectors[n * H + h] - mean[h];
  });
  return values;
}

/** Multiplies so that the mean square of the rows that count is 1. */
export function scaledToOne(values: Float32Array, rows: number, width: number): Float32Array {
  const square = values.reduce((sum, value) => sum + value * value, 0) / Math.max(1, rows * width);
  const scale = square > 0 ? 1 / Math.sqrt(square) : 0;
  return values.map((value) => value * scale);
}
