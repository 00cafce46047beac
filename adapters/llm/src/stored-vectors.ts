import type { AdapterContext, Progress } from '@coco-rec/core';

export interface VectorReading {
  readonly context: AdapterContext;
  readonly progress: Progress;
  /** Shown beside the progress: "tiny: reading texts". */
  readonly label: string;
  /** What the vectors depend on besides the text. */
  readonly identity: string;
  /** H. */
  readonly hiddenSize: number;
  /** Texts between two writes to the store: what a stop can lose. */
  readonly textsPerWrite: number;
  /** The order in which texts that are not stored are read; default: as they come. */
  order?(missing: number[]): number[];
  /** @returns the vectors of the texts with these numbers, [H] each */
  read(part: readonly number[]): Promise<readonly Float32Array[]>;
}

/** Vectors from the knowledge store, the missing ones read and stored part by part. @returns [N · H] */
export async function storedVectors(texts: readonly string[], reading: VectorReading): Promise<Float32Array> {
  const { context, hiddenSize: H, textsPerWrite, progress, label } = reading;
  const result = new Float32Array(texts.length * H);
  const keys = texts.map((text) => context.hasher.sha256(`${reading.identity}\n${text}`));
  const stored = (await context.knowledge?.get(keys, H)) ?? [];
  stored.forEach((vector, i) => vector && result.set(vector, i * H));
  const unread = texts.map((_, i) => i).filter((i) => !stored[i]);
  const missing = reading.order?.(unread) ?? unread;
  for (let from = 0; from < missing.length; from += textsPerWrite) {
    const part = missing.slice(from, from + textsPerWrite);
    const vectors = await reading.read(part);
    part.forEach((i, n) => result.set(vectors[n], i * H));
    await context.knowledge?.put(
      part.map((i) => keys[i]),
      vectors,
    );
    progress.report(label, Math.min(missing.length, from + textsPerWrite), missing.length);
  }
  return result;
}
