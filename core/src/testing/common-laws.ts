import * as tf from '@tensorflow/tfjs-core';
import type { Sequence } from '../data/batches.js';
import { lastItemRows } from '../data/row-samplers.js';
import { type Law, demand, demandClose, demandEqual, demandFinite } from './check.js';
import { type World, type WorldOptions, everyPositionRows, inWorld } from './world.js';

/** Between two ways to compute the same float32 numbers. */
export const tolerance = 1e-5;

/** Makes the options of a world of a seed; asynchronous, since a language model may have to be loaded. */
export type Opener = (seed: number) => Promise<WorldOptions>;

/** Keys of a section, or what gives them: of a service, say, whose port is known once it runs. */
export type LazyConfig = object | (() => Promise<object>);

/** The keys themselves. */
export const keysOf = async (config: LazyConfig | undefined): Promise<object | undefined> =>
  typeof config === 'function' ? (config as () => Promise<object>)() : config;

/** Laws that hold for a backbone as well as for a backbone with a fusion. */
export function commonLaws(open: Opener): Law[] {
  return [
    { name: 'the amount of padding is irrelevant', run: () => padding(open) },
    { name: 'the order of the batch is irrelevant', run: () => batchOrder(open) },
    { name: 'histories of length 0 and 1 are finite', run: () => shortHistories(open) },
    { name: 'a row of padding only is finite', run: () => paddingRow(open) },
    { name: 'a saved model gives equal scores', run: () => saveAndLoad(open) },
    { name: 'the same seed gives the same numbers, another seed others', run: () => seeds(open) },
    { name: 'no tensor is left behind', run: () => leaks(open) },
  ];
}

/** The newest `length` items of a history. */
export const newest = ({ user, history, next }: Sequence, length: number): Sequence => ({
  user,
  history: history.subarray(history.length - length),
  next,
});

async function padding(open: Opener): Promise<void> {
  await inWorld(await open(1), async (world) => {
    world.addNoise();
    const [long, ...others] = [...world.sequences].sort((a, b) => b.history.length - a.history.length);
    const V = world.options.dataset.itemCount;
    for (const length of [3, 1, 0]) {
      const short = newest(others[0], length);
      const alone = await world.scores(world.batch([short], 'predict'));
      const padded = await world.scores(world.batch([short, long], 'predict'));
      const rows = Math.max(1, length) * V;
      const what = `A history of length ${length} with and without padding`;
      demandClose(padded.subarray(0, rows), alone.subarray(0, rows), tolerance, what);
    }
  });
}

async function batchOrder(open: Opener): Promise<void> {
  await inWorld(await open(1), async (world) => {
    world.addNoise();
    const chosen = world.sequences.slice(0, 5);
    const forward = await world.scores(world.batch(chosen, 'predict', lastItemRows));
    const backward = await world.scores(world.batch([...chosen].reverse(), 'predict', lastItemRows));
    const V = world.options.dataset.itemCount;
    chosen.forEach((_, n) => {
      const there = backward.subarray((4 - n) * V, (5 - n) * V);
      demandClose(
        there,
        forward.subarray(n * V, (n + 1) * V),
        tolerance,
        `History ${n + 1} in a batch the other way round`,
      );
    });
  });
}

async function shortHistories(open: Opener): Promise<void> {
  await inWorld(await open(1), async (world) => {
    world.addNoise();
    const [sequence] = world.sequences;
    for (const length of [0, 1]) {
      const batch = world.batch([newest(sequence, length)], 'predict');
      demandFinite(await world.scores(batch), `Scores of a history of length ${length}`);
    }
  });
}

/** An empty history beside a long one, forward and backward. */
async function paddingRow(open: Opener): Promise<void> {
  await inWorld(await open(1), async (world) => {
    world.addNoise();
    const [long] = [...world.sequences].sort((a, b) => b.history.length - a.history.length);
    const both = [long, newest(long, 0)];
    demandFinite(
      await world.scores(world.batch(both, 'predict')),
      'Scores of a batch with a row of padding only',
    );
    if (world.trainable('all').length === 0) return;
    const gradients = await world.gradients(world.batch(both, 'train', everyPositionRows), 'all');
    for (const [name, values] of gradients) {
      demandFinite(values, `Gradient of "${name}" of a batch with a row of padding only`);
    }
  });
}

async function saveAndLoad(open: Opener): Promise<void> {
  await inWorld(await open(1), async (first) => {
    first.addNoise();
    await trainIfPossible(first, 2);
    const batch = first.batch(first.sequences.slice(0, 6), 'predict');
    const expected = await first.scores(batch);
    const state = await first.ranker.state();
    // The same seed, since it is saved with the config; the weights are those before noise and training.
    await inWorld(await open(1), async (second) => {
      await second.ranker.restore(state);
      demandEqual(await second.scores(batch), expected, 'Scores of a model restored from its state');
    });
  });
}

async function seeds(open: Opener): Promise<void> {
  let [hasWeights, drawsWeights] = [false, false];
  const trained = async (seed: number, firstBatch = 0): Promise<Map<string, ArrayLike<number>>> =>
    inWorld(await open(seed), async (world) => {
      const weights = world.trainable('all');
      hasWeights = weights.length > 0;
      drawsWeights ||= weights.some(({ variable }) => !isConstant(variable.dataSync()));
      if (hasWeights) await world.train(3, { batchAt: (step) => world.trainingBatch(firstBatch + step) });
      return world.values('all');
    });
  const [first, again] = [await trained(1), await trained(1)];
  for (const [name, values] of first) {
    demandEqual(again.get(name) ?? [], values, `"${name}" of two runs with the same seed`);
  }
  // Where all weights start at fixed values, a seed's part is the order of the users.
  const other = await trained(2, drawsWeights ? 0 : 1);
  if (!hasWeights) return; // nothing is drawn
  const differs = [...first].some(([name, values]) => {
    const others = other.get(name);
    return others && Array.from(values).some((value, i) => value !== others[i]);
  });
  demand(differs, 'Two runs with different seeds gave the same weights: the seed is not used.');
}

const isConstant = (values: ArrayLike<number>): boolean =>
  Array.from(values).every((value) => value === values[0]);

async function leaks(open: Opener): Promise<void> {
  const live = async (count: (moment: 'steady' | 'end') => void): Promise<void> => {
    await inWorld(await open(1), async (world) => {
      world.addNoise();
      for (const moment of ['steady', 'end'] as const) {
        await trainIfPossible(world, 2);
        await world.scores(world.batch(world.sequences.slice(0, 4), 'predict'));
        await world.ranker.ranks([Int32Array.of(1, 2)], Int32Array.of(3));
        await world.endEpoch();
        count(moment);
      }
    });
  };
  await live(() => undefined); // what is loaded on first use
  const before = tf.memory().numTensors;
  const counts: number[] = [];
  await live(() => counts.push(tf.memory().numTensors));
  demand(
    counts[1] === counts[0],
    `Training and scoring leave ${counts[1] - counts[0]} tensors behind a round.`,
  );
  const left = tf.memory().numTensors - before;
  demand(left === 0, `After dispose() ${left} tensors are left.`);
}

/** Models without trainable weights are not trained. */
export async function trainIfPossible(world: World, count: number): Promise<void> {
  if (world.trainable('all').length > 0) await world.train(count);
}

/**
 * Demands that every trainable variable of a part gets a finite gradient that is not all zero, over 3 batches; of a
 * backbone, in its main training or in a stage with a loss of its own.
 * @throws CocoError naming the variables without
 */
export async function demandGradients(world: World, part: 'backbone' | 'fusion'): Promise<void> {
  const names = world.trainable(part).map(({ name }) => name);
  demand(names.length > 0, `The ${part} has no trainable variable.`);
  const without = new Set(names);
  const own = part === 'backbone' ? world.model.backbone.stages().filter(({ loss }) => loss) : [];
  for (const { rows, loss } of [{ rows: undefined, loss: undefined }, ...own]) {
    for (let n = 0; n < 3; n++) {
      const gradients = await world.gradients(world.trainingBatch(n, rows), part, loss);
      for (const [name, values] of gradients) {
        demandFinite(values, `Gradient of "${name}"`);
        if (values.some((value) => value !== 0)) without.delete(name);
      }
    }
  }
  demand(without.size === 0, `No gradient in 3 batches: ${[...without].join(', ')}.`);
}

/** A history with the items after the first `keep` changed to others from `pool`, and taken later where times are known. */
export function changedAfter(
  { user, history, next, times }: Sequence,
  keep: number,
  pool: readonly number[],
): Sequence {
  const changed = history.slice();
  for (let t = keep; t < changed.length; t++) {
    const at = pool.indexOf(changed[t]);
    changed[t] = pool[(at + 1 + t) % pool.length];
    if (changed[t] === history[t]) changed[t] = pool[(at + 2 + t) % pool.length];
  }
  const later = times && Array.from(times, (time, t) => (t < keep ? time : time + 5_000_000 * (t + 1)));
  return { user, history: changed, next, ...(later && { times: later }) };
}
