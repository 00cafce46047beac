import * as tf from '@tensorflow/tfjs-core';
import { type PreparedBatch, type Rows, causalMask, gatherRows, maskedScore } from '@coco-rec/core';

/**
 * Several short histories in one row of C slots, kept apart by the attention mask, so that a batch of mixed lengths costs
 * about as much as its items do, not B · T.
 */
export interface Packing {
  /** R rows of C slots. */
  readonly rows: number;
  readonly width: number;
  /** [R·C] the item in each slot; 0 in an empty one. */
  readonly items: Int32Array;
  /** [R·C] the position in its history of each slot's item; 0 in an empty one. */
  readonly positions: Int32Array;
  /** [R or 1, 1, C, C] additive: a slot sees its own history up to itself; an empty slot sees itself. */
  readonly mask: tf.Tensor4D;
  /** [B·T] the slot of each position; of padding, the slot of the last item. */
  readonly slots: Int32Array;
}

/** A row for each history, for those of like length. */
export function alignHistories({ batchSize: B, length: T, items, lengths }: PreparedBatch): Packing {
  const positions = Int32Array.from(items, (_, slot) => slot % T);
  const slots = positions.map(
    (t, place) => place - t + Math.min(t, Math.max(1, lengths[Math.floor(place / T)]) - 1),
  );
  return { rows: B, width: T, items, positions, mask: causalMask(undefined, T), slots };
}

/** Longest first, each history into the first row with room for it. An empty history takes one empty slot. */
export function packHistories({ batchSize: B, length: T, items, lengths }: PreparedBatch): Packing {
  const sizes = lengths.map((length) => Math.max(1, length));
  const { starts, rows } = place(sizes, T);
  const packed = new Int32Array(rows * T);
  const positions = new Int32Array(rows * T);
  const firstSeen = Int32Array.from(packed.keys()); // the first slot that each slot sees
  const slots = new Int32Array(B * T);
  for (let b = 0; b < B; b++) {
    for (let t = 0; t < T; t++) {
      const slot = starts[b] + Math.min(t, sizes[b] - 1);
      slots[b * T + t] = slot;
      if (t >= sizes[b]) continue;
      packed[slot] = items[b * T + t];
      positions[slot] = t;
      firstSeen[slot] = starts[b];
    }
  }
  return { rows, width: T, items: packed, positions, mask: maskOf(firstSeen, rows, T), slots };
}

/** @returns the first slot of each history, and the number of rows */
function place(sizes: Int32Array, width: number): { starts: Int32Array; rows: number } {
  const order = [...sizes.keys()].sort((a, b) => sizes[b] - sizes[a]); // stable
  const starts = new Int32Array(sizes.length);
  const used: number[] = [];
  // Sizes fall, so a row too full for one history may take a later one: the search begins at the first with any room.
  let open = 0;
  for (const b of order) {
    while (open < used.length && used[open] === width) open++;
    let row = open;
    while (row < used.length && used[row] + sizes[b] > width) row++;
    if (row === used.length) used.push(0);
    starts[b] = row * width + used[row];
    used[row] += sizes[b];
  }
  return { starts, rows: used.length };
}

function maskOf(firstSeen: Int32Array, rows: number, width: number): tf.Tensor4D {
  const mask = new Float32Array(rows * width * width).fill(maskedScore);
  for (let slot = 0; slot < rows * width; slot++) {
    const rowStart = slot - (slot % width);
    const start = slot * width - rowStart; // of this slot's line of the mask, less its row's first slot
    mask.fill(0, start + firstSeen[slot], start + slot + 1);
  }
  return tf.tensor4d(mask, [rows, 1, width, width]);
}

/** The states back at their positions. @param states [R·C, D] @returns [B, T, D] */
export function unpack(states: tf.Tensor2D, { slots }: Packing, B: number, T: number): tf.Tensor3D {
  return tf.reshape(gatherRows(states, tf.tensor1d(slots, 'int32')), [B, T, states.shape[1]]);
}

/** The states of a batch's rows. @param states [R·C, D] @param T positions of a history @returns [P, D] */
export function unpackRows(states: tf.Tensor2D, { slots }: Packing, rows: Rows, T: number): tf.Tensor2D {
  const ids = rows.sequence.map((b, p) => slots[b * T + rows.position[p]]);
  return gatherRows(states, tf.tensor1d(ids, 'int32'));
}
