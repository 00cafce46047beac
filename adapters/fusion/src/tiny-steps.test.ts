/** Steps, gradients and states of a tiny world. */
import * as tf from '@tensorflow/tfjs-core';
import {
  type Batch,
  Pass,
  type PreparedBatch,
  Random,
  type RowSampler,
  type Sequence,
  type SequenceModel,
  type StepLoss,
  type WarmStates,
  disposeBatch,
  leaveOneOut,
  makeBatch,
  nextItemRows,
  trainingSequences,
} from '@coco-rec/core';
import type { TinyWorld } from './tiny-world.test.js';

export function sequencesOf({ dataset }: TinyWorld): Sequence[] {
  return trainingSequences(leaveOneOut(dataset));
}

export function batchOf(
  sequences: readonly Sequence[],
  options: { phase?: 'train' | 'predict'; rows?: RowSampler } = {},
): Batch {
  const { phase = 'train', rows = nextItemRows } = options;
  return makeBatch(sequences, { maxLength: 8, phase, rows, random: new Random(0) });
}

/** Runs `work` on a prepared batch and frees everything. */
export async function withBatch<T>(
  { model }: TinyWorld,
  batch: Batch,
  work: (batch: PreparedBatch, prepared: unknown) => T,
): Promise<T> {
  const ready = await model.backbone.prepare(batch);
  const prepared = await model.fusion.prepare(ready);
  const result = tf.tidy(() => work(ready, prepared) as tf.TensorContainer) as T;
  disposeBatch(ready);
  tf.dispose(prepared);
  return result;
}

/** Row states as in prediction (no dropout, no M). @returns one array a row */
export function statesOf(world: TinyWorld, batch: Batch, fused = true): Promise<number[][]> {
  return withBatch(world, batch, (ready, prepared) => {
    world.model.fused = fused;
    const states = world.model.rowStates(ready, prepared, Pass.predict).arraySync();
    world.model.fused = true;
    return states;
  });
}

export type LossOf = (model: SequenceModel, batch: PreparedBatch, prepared: unknown) => tf.Scalar;

export const totalLoss =
  (key = 7): LossOf =>
  (model, batch, prepared) =>
    model.stepLoss([{ batch, prepared, pass: Pass.train(key) }]).total;

/** One part of the loss. */
export const partOf =
  (pick: (loss: StepLoss) => tf.Scalar, key = 7): LossOf =>
  (model, batch, prepared) =>
    pick(model.stepLoss([{ batch, prepared, pass: Pass.train(key) }]));

/** L_r summed with a weight a row, divided by the number of rows. */
export const weightedLoss =
  (weights: ArrayLike<number>, key = 7): LossOf =>
  (model, batch, prepared) => {
    const pass = Pass.train(key);
    const items = model.itemVectors();
    const { states, h } = model.encodeRows(batch, items, pass);
    const rowLoss = (x: tf.Tensor2D, rows: PreparedBatch['rows']): tf.Tensor1D =>
      model.backbone.rowLoss(x, rows, items, pass);
    const result = model.fusion.fuse(h, { batch, states, items, pass, rowLoss, prepared });
    const losses = model.backbone.rowLoss(result.h, batch.rows, items, pass); // [P]
    return tf.mean(tf.mul(losses, tf.tensor1d(Array.from(weights)))) as tf.Scalar;
  };

export interface Gradients {
  readonly loss: number;
  /** By full parameter name; undefined where there is none. */
  readonly of: ReadonlyMap<string, Float32Array | undefined>;
}

export function gradientsOfLoss(
  world: TinyWorld,
  batch: Batch,
  lossOf: LossOf = totalLoss(),
): Promise<Gradients> {
  return withBatch(world, batch, (ready, prepared) => {
    const entries = world.parameters.entries();
    const { value, grads } = tf.variableGrads(
      () => lossOf(world.model, ready, prepared),
      entries.map(({ variable }) => variable),
    );
    const of = new Map<string, Float32Array | undefined>();
    for (const { name, variable } of entries) {
      const gradient = grads[variable.name] as tf.Tensor | undefined;
      of.set(name, gradient && Float32Array.from(gradient.dataSync()));
    }
    return { loss: value.dataSync()[0], of };
  });
}

export function lossAt(world: TinyWorld, batch: Batch, lossOf: LossOf = totalLoss()): Promise<number> {
  return withBatch(world, batch, (ready, prepared) => lossOf(world.model, ready, prepared).dataSync()[0]);
}

/** Adds N(0, deviation) to every variable, or to those whose name has `part` in it. */
export function addNoise({ parameters }: TinyWorld, deviation: number, part = '', seed = 11): void {
  for (const { name, variable } of parameters.entries()) {
    if (!name.includes(part)) continue;
    const random = new Random(seed).derive(name);
    const noise = Float32Array.from({ length: variable.size }, () => deviation * random.normal());
    tf.tidy(() => variable.assign(tf.add(variable, tf.tensor(noise, variable.shape))));
  }
}

/** States of random training histories, as the trainer samples them. */
export async function warmStates(world: TinyWorld, count = 24): Promise<WarmStates> {
  const sequences = sequencesOf(world).slice(0, count);
  const histories = sequences.map(({ history }) => history);
  const batch = batchOf(sequences);
  const all = await statesOf(world, batch, false);
  const last = sequences.map((_, b) => {
    const p = batch.rows.sequence.lastIndexOf(b);
    return all[p];
  });
  return { states: Float32Array.from(last.flat()), histories };
}

/**
 * Directional derivative by central differences, and as the gradients say it. The direction is half random, half the
 * gradient's own: a random one alone would hardly meet the gradient in so many dimensions.
 */
export async function compareDerivatives(
  world: TinyWorld,
  names: readonly string[],
  gradients: Gradients,
  lossNow: () => Promise<number>,
  { epsilon = 2e-2, seed = 1 } = {},
): Promise<{ numeric: number; analytic: number }> {
  const chosen = world.parameters.entries().filter(({ name }) => names.some((part) => name.includes(part)));
  const own = chosen.map(({ name, variable }) => gradients.of.get(name) ?? new Float32Array(variable.size));
  const random = chosen.map(({ name, variable }) => {
    const source = new Random(seed).derive(name);
    return Float32Array.from({ length: variable.size }, () => source.normal());
  });
  const normOf = (all: Float32Array[]): number =>
    Math.hypot(...all.map((values) => Math.hypot(...values))) || 1;
  const [ownNorm, randomNorm] = [normOf(own), normOf(random)];
  const directions = random.map((values, i) =>
    values.map((value, n) => (value / randomNorm + own[i][n] / ownNorm) / Math.SQRT2),
  );
  const starts = chosen.map(({ variable }) => Float32Array.from(variable.dataSync()));
  const move = (by: number): void =>
    chosen.forEach(({ variable }, i) =>
      tf.tidy(() =>
        variable.assign(
          tf.tensor(
            starts[i].map((x, n) => x + by * directions[i][n]),
            variable.shape,
          ),
        ),
      ),
    );
  move(epsilon);
  const above = await lossNow();
  move(-epsilon);
  const below = await lossNow();
  move(0);
  let analytic = 0;
  own.forEach((values, i) => values.forEach((value, n) => (analytic += value * directions[i][n])));
  return { numeric: (above - below) / (2 * epsilon), analytic };
}
