/**
 * The input of the language model (eq. 3): [shared prompts, selected prompts by falling cosine without holes, titles
 * oldest to newest], padded on the right, sorted by length so that micro-batches pad little.
 */
import * as tf from '@tensorflow/tfjs-core';
import { byLength } from '../decoder-pass.js';
import type { FusedRows } from '../fused-rows.js';
import { rowsAt } from '../row-ops.js';

/** Prompts of S sequences, as places in a list of prompt vectors. */
export interface PromptLists {
  /** R. */
  readonly count: number;
  /** [S] */
  readonly lists: readonly Int32Array[];
}

/** What stands for the titles of S sequences: places in a list of vectors, and how far each row may look. */
export interface TitleLists {
  /** [S] */
  readonly lists: readonly Int32Array[];
  /** [P'] vectors of its sequence's list that a row sees. */
  readonly visible: Int32Array;
}

export interface InputLayout {
  /** S and N. */
  readonly sequences: number;
  readonly width: number;
  /** Q, prompts of a sequence at most. */
  readonly promptWidth: number;
  /** [S] valid vectors, rising. */
  readonly lengths: Int32Array;
  /** [S·N] places in [zero row; prompts; titles]. */
  readonly index: Int32Array;
  /** [P'] place of each row's sequence in this order. */
  readonly sequenceOf: Int32Array;
  /** [P'·Q] places in [zero row; prompts]. */
  readonly promptIndex: Int32Array;
  /** [P'] prompts of each row. */
  readonly promptCounts: Int32Array;
  /** [P'] vectors of the input that each row sees: its prompts, and titles up to its own position. */
  readonly visible: Int32Array;
}

/** Lays out one input a sequence. */
export function layOut(fused: FusedRows, prompts: PromptLists, titles: TitleLists): InputLayout {
  const all = Array.from(
    { length: fused.sequences },
    (_, s) => prompts.lists[s].length + titles.lists[s].length,
  );
  const { order, rank } = byLength(all);
  const width = Math.max(1, ...all);
  const promptWidth = Math.max(...prompts.lists.map((list) => list.length));
  const index = new Int32Array(fused.sequences * width);
  order.forEach((s, i) => {
    const own = prompts.lists[s];
    own.forEach((place, n) => (index[i * width + n] = 1 + place));
    titles.lists[s].forEach((place, n) => (index[i * width + own.length + n] = 1 + prompts.count + place));
  });
  const promptIndex = new Int32Array(fused.count * promptWidth);
  fused.sequenceOf.forEach((s, p) =>
    prompts.lists[s].forEach((place, n) => (promptIndex[p * promptWidth + n] = 1 + place)),
  );
  const promptCounts = fused.sequenceOf.map((s) => prompts.lists[s].length);
  return {
    sequences: fused.sequences,
    width,
    promptWidth,
    lengths: order.map((s) => all[s]),
    index,
    sequenceOf: fused.sequenceOf.map((s) => rank[s]),
    promptIndex,
    promptCounts,
    visible: promptCounts.map((count, p) => count + titles.visible[p]),
  };
}

/** @param prompts [R, H] @param titles [U, H], none: undefined @returns [S, N, H] */
export function inputVectors(
  layout: InputLayout,
  prompts: tf.Tensor2D,
  titles: tf.Tensor2D | undefined,
): tf.Tensor3D {
  const H = prompts.shape[1];
  const source = tf.concat([tf.zeros([1, H]), prompts, ...(titles ? [titles] : [])], 0);
  return tf.reshape(rowsAt(source, layout.index), [layout.sequences, layout.width, H]);
}
