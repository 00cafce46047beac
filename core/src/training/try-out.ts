import * as tf from '@tensorflow/tfjs-core';
import { makeBatch } from '../data/batches.js';
import { lastItemRows } from '../data/row-samplers.js';
import { CocoError } from '../errors.js';
import { Random } from '../random.js';
import { type Backbone, disposeBatch } from '../specification/backbone.js';
import type { BackboneDescriptor } from '../specification/descriptor.js';
import { demandShape } from '../specification/encoded-rows.js';
import { Pass } from '../specification/pass.js';

/** @throws CocoError where a backbone is not what its descriptor says */
export function demandAsDescribed(backbone: Backbone, { id, capabilities }: BackboneDescriptor): void {
  if (backbone.id !== id)
    throw new CocoError(`The descriptor's id is "${id}", the backbone's "${backbone.id}".`);
  for (const [name, value] of Object.entries(capabilities)) {
    const own = backbone.capabilities[name as keyof typeof capabilities];
    const isLess = ['attributes', 'timestamps'].includes(name) && !own; // it needs less by its config
    if (own === value || isLess) continue;
    throw new CocoError(
      `Backbone "${id}": the capability "${name}" is ${value} in the descriptor, ${own} in the backbone.`,
    );
  }
}

/** Items of the two histories that are tried, and how many of them are the same. */
const length = 4;
const same = 2;

/**
 * Encodes two short histories before hours are spent on a backbone that cannot be right.
 * @param backbone initialised @param itemCount V
 * @throws CocoError where its states have another shape, are not finite, or look ahead though it says "causal"
 */
export async function tryOut(backbone: Backbone, itemCount: number): Promise<void> {
  const { id, capabilities, maxLength, dimension: D } = backbone;
  if (capabilities.frozen || maxLength < length) return;
  const histories = [Int32Array.of(1, Math.min(2, itemCount), 1, 1), Int32Array.of(1, Math.min(2, itemCount), itemCount, itemCount)]; // prettier-ignore
  const sequences = histories.map((history) => ({ user: -1, history, next: 0 }));
  const options = { maxLength, phase: 'predict', rows: lastItemRows, random: new Random(0) } as const;
  const batch = await backbone.prepare(makeBatch(sequences, options));
  try {
    const { batchSize: B, length: T } = batch;
    const values = tf.tidy(() => {
      const states = backbone.encode(batch, backbone.itemVectors(), Pass.predict); // [B, T, D]
      demandShape(states, { B, T, D }, `Backbone "${id}": encode`);
      return Float32Array.from(states.dataSync());
    });
    const [one, other] = [0, 1].map((b) => values.subarray(b * T * D, (b * T + length) * D));
    demandFinite(backbone, [...one, ...other]);
    if (capabilities.causal && capabilities.perPositionStates) demandCausal(id, one, other, same * D);
  } finally {
    disposeBatch(batch);
  }
}

function demandFinite({ id }: Backbone, states: readonly number[]): void {
  const wrong = states.find((value) => !Number.isFinite(value));
  if (wrong === undefined) return;
  throw new CocoError(
    `Backbone "${id}": encode gave ${wrong} on a history of ${length} items, before any training. ` +
      'Its variables have to start, and its states to be, finite.',
  );
}

function demandCausal(id: string, one: Float32Array, other: Float32Array, early: number): void {
  const largest = one.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const differs = one.subarray(0, early).some((value, i) => Math.abs(value - other[i]) > 1e-4 * largest);
  if (!differs) return;
  throw new CocoError(
    `Backbone "${id}" looks ahead: its state at a position changes with later items. Mask them, or say ` +
      '"causal: false" in its capabilities.',
  );
}
