import { createHash } from 'node:crypto';
import { hash32 } from '@coco-rec/core';

/** The key of a text, as the store wants it. */
export const keyOf = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Texts "prefix 0" … with their keys and vectors that only the text and the dimension decide. */
export function entriesOf(
  prefix: string,
  { from = 0, count, dimension }: { from?: number; count: number; dimension: number },
): { keys: string[]; vectors: Float32Array[] } {
  const keys = Array.from({ length: count }, (_, i) => keyOf(`${prefix} ${from + i}`));
  const vectors = keys.map((key) => {
    const seed = parseInt(key.slice(0, 8), 16);
    return Float32Array.from({ length: dimension }, (_, i) => hash32(seed, i) / 2 ** 32 - 0.5);
  });
  return { keys, vectors };
}
