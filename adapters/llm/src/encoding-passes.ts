import { setImmediate as nextTurn } from 'node:timers/promises';
import * as tf from '@tensorflow/tfjs-core';
import type { LocalDecoder } from './decoder/local-decoder.js';
import { type TextRow, type View, poolTexts } from './decoder/pool-texts.js';

/** Tokens that one encoding pass reads at most, padding included. */
export const tokensPerPass = 1024;

/** Vectors of texts, read pass by pass. @param rows by length @returns [views · H] each */
export async function encodeInPasses(
  decoder: LocalDecoder,
  rows: readonly TextRow[],
  views: readonly View[],
  signal?: AbortSignal,
): Promise<Float32Array[]> {
  const width = views.length * decoder.hiddenSize;
  const result: Float32Array[] = [];
  for (let from = 0; from < rows.length;) {
    await nextTurn(); // lets Ctrl-C through: reading on the engine never waits for the outside
    signal?.throwIfAborted();
    const pass = nextPass(rows, from);
    const vectors = tf.tidy(() => poolTexts(decoder, pass, views));
    const values = await vectors.data<'float32'>();
    vectors.dispose();
    result.push(...pass.map((_, n) => values.slice(n * width, (n + 1) * width)));
    from += pass.length;
  }
  return result;
}

/** As many rows as one pass takes, at least one. */
function nextPass(rows: readonly TextRow[], from: number): readonly TextRow[] {
  let to = from;
  let longest = 0;
  while (to < rows.length) {
    const { length } = rows[to].ids;
    if (to > from && (to - from + 1) * Math.max(longest, length) > tokensPerPass) break;
    longest = Math.max(longest, length);
    to++;
  }
  return rows.slice(from, to);
}
