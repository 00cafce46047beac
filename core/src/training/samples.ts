import * as tf from '@tensorflow/tfjs-core';
import { type Sequence, makeBatch } from '../data/batches.js';
import { lastItemRows } from '../data/row-samplers.js';
import { historyOf, targetOf, timesOf } from '../data/split.js';
import { Random } from '../random.js';
import { disposeBatch } from '../specification/backbone.js';
import type { Split } from '../specification/dataset.js';
import type { WarmStates } from '../specification/fusion-strategy.js';
import { Pass } from '../specification/pass.js';
import type { FusedRanker } from './fused-ranker.js';
import { partOf } from './whose.js';

const blockSize = 256;
const validationUsers = 2048;

/** The bare backbone's states of `count` random training histories. */
export async function sampleStates(
  ranker: FusedRanker,
  sequences: readonly Sequence[],
  count: number,
  random: Random,
): Promise<WarmStates> {
  const { model } = ranker;
  const order = random.shuffle(Int32Array.from(sequences.keys())).subarray(0, count);
  const chosen = Array.from(order, (i) => sequences[i]).sort((a, b) => a.history.length - b.history.length);
  const histories = chosen.map(({ history }) => history);
  const whose = {
    users: Int32Array.from(chosen, ({ user }) => user),
    times: chosen.map(({ times }) => times),
  };
  const states = new Float32Array(histories.length * model.backbone.dimension);
  const wasFused = model.fused;
  model.fused = false;
  try {
    for (let start = 0; start < histories.length; start += blockSize) {
      const end = start + blockSize;
      const h = await ranker.states(histories.slice(start, end), partOf(whose, start, end));
      states.set(await h.data(), start * model.backbone.dimension);
      h.dispose();
    }
  } finally {
    model.fused = wasFused;
  }
  return { states, histories };
}

/**
 * The recommendation loss on validation rows, fused and bare, beside the training loss: memorisation shows as a gap.
 * A fusion has its extra losses in training only, so they are no part of it. A fixed sample of 2,048 users.
 */
export async function validationLosses(ranker: FusedRanker, split: Split): Promise<Record<string, number>> {
  const { model } = ranker;
  const users = new Random(0).shuffle(split.validation.users.slice()).subarray(0, validationUsers);
  const sequences = Array.from(users, (user) => ({
    user,
    history: historyOf(split, user, 'validation'),
    next: targetOf(split, user, 'validation'),
    times: model.backbone.readsTimes ? timesOf(split, user, 'validation') : undefined,
  })).sort((a, b) => a.history.length - b.history.length);
  const sums = { fused: 0, bare: 0 };
  for (let start = 0; start < sequences.length; start += blockSize) {
    const { fused, bare } = await blockLosses(ranker, sequences.slice(start, start + blockSize));
    sums.fused += fused;
    sums.bare += bare;
  }
  model.fused = true;
  const count = Math.max(1, sequences.length);
  return { 'validation loss': sums.fused / count, 'validation loss bare': sums.bare / count };
}

async function blockLosses(
  { model }: FusedRanker,
  sequences: readonly Sequence[],
): Promise<{ fused: number; bare: number }> {
  const options = { maxLength: model.backbone.maxLength, phase: 'predict', rows: lastItemRows } as const;
  const batch = await model.backbone.prepare(makeBatch(sequences, { ...options, random: new Random(0) }));
  const prepared = await model.fusion.prepare(batch);
  const sumOf = (fused: boolean): number =>
    tf.tidy(() => {
      model.fused = fused;
      const h = model.rowStates(batch, prepared, Pass.predict);
      return tf.sum(model.rowLoss(h, batch.rows, model.itemVectors(), Pass.predict)).dataSync()[0];
    });
  const result = { fused: sumOf(true), bare: sumOf(false) };
  disposeBatch(batch);
  tf.dispose(prepared);
  return result;
}
