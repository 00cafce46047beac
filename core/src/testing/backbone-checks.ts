import * as tf from '@tensorflow/tfjs-core';
import { disposeBatch } from '../specification/backbone.js';
import { Pass } from '../specification/pass.js';
import type { Dataset } from '../specification/dataset.js';
import type { BackboneDescriptor } from '../specification/descriptor.js';
import type { ItemVectors } from '../specification/item-vectors.js';
import type { KnowledgeLLM } from '../specification/knowledge-llm.js';
import type { Sequence } from '../data/batches.js';
import { demandAsDescribed } from '../training/try-out.js';
import { type Check, type Law, demand, demandEqual, largestDifference, toChecks } from './check.js';
import {
  type LazyConfig,
  type Opener,
  changedAfter,
  commonLaws,
  demandGradients,
  keysOf,
} from './common-laws.js';
import { testDataset } from './test-dataset.js';
import { type World, inWorld } from './world.js';

export interface BackboneCheckOptions {
  /** Keys of the section `backbone`, or what gives them when a check runs; small widths make the checks fast. */
  readonly config?: LazyConfig;
  /** The language model, for a backbone that reads texts; asked for by each check, made once and freed by the caller. */
  readonly knowledge?: () => Promise<KnowledgeLLM>;
  /** Default: `testDataset()`, which has titles, attributes and real times. */
  readonly dataset?: Dataset;
  /** Laws that do not apply, with the reason, by the law's name. */
  readonly skip?: Readonly<Record<string, string>>;
}

/**
 * The laws of a backbone. They need a started engine with gradients; which laws apply is read from the descriptor's
 * `capabilities`.
 * @throws CocoError for a skip that names no law
 */
export function backboneChecks(descriptor: BackboneDescriptor, options: BackboneCheckOptions = {}): Check[] {
  const { config, dataset = testDataset(), skip = {} } = options;
  const { frozen } = descriptor.capabilities;
  const open: Opener = async (seed) => ({
    backbone: descriptor,
    backboneConfig: await keysOf(config),
    dataset,
    seed,
    knowledge: await options.knowledge?.(),
  });
  const weightless = frozen ? 'it declares "frozen": it has no weights that learn' : undefined;
  const laws: Law[] = [
    { name: 'it is what its descriptor says', run: () => description(open) },
    ...commonLaws(open),
    causalityLaw(descriptor, open),
    itemVectorsLaw(descriptor, open),
    { name: 'every variable gets a gradient', run: () => gradients(open), skip: weightless },
    { name: 'it overfits 8 sequences', run: () => overfits(open), skip: weightless },
  ];
  return toChecks(laws, descriptor.id, skip);
}

async function description(open: Opener): Promise<void> {
  const options = await open(1);
  await inWorld(options, async ({ model }) => {
    const { backbone } = model;
    const { capabilities } = options.backbone;
    demandAsDescribed(backbone, options.backbone);
    const items = backbone.itemVectors();
    demand(
      items.count === options.dataset.itemCount + 1,
      `There are ${items.count} item vectors, not V + 1.`,
    );
    const trainable = model.parameters.entries().some((parameter) => parameter.trainable);
    demand(trainable !== capabilities.frozen, `"frozen" is ${capabilities.frozen}, which is not so.`);
  });
}

function causalityLaw({ capabilities }: BackboneDescriptor, open: Opener): Law {
  return {
    name: 'causality is as declared',
    run: () => causality(open, capabilities.causal),
    skip: capabilities.perPositionStates
      ? undefined
      : 'it declares no "perPositionStates": there are no states before the last',
  };
}

async function causality(open: Opener, isCausal: boolean): Promise<void> {
  await inWorld(await open(1), async (world) => {
    world.addNoise();
    const V = world.options.dataset.itemCount;
    const keep = 3;
    const original = longest(world);
    const pool = Array.from({ length: V }, (_, i) => i + 1);
    const changed = changedAfter(original, keep, pool);
    const before = (await world.scores(world.batch([original], 'predict'))).subarray(0, keep * V);
    const after = (await world.scores(world.batch([changed], 'predict'))).subarray(0, keep * V);
    if (isCausal) demandEqual(after, before, 'It declares "causal": rows before the items that changed');
    else {
      demand(
        largestDifference(after, before) !== 0,
        'It does not declare "causal", but items that come later change nothing before them.',
      );
    }
  });
}

function itemVectorsLaw({ capabilities }: BackboneDescriptor, open: Opener): Law {
  return {
    name: 'its states come from the item vectors it is given',
    run: () => readsItemVectors(open),
    skip: capabilities.readsItemVectors ? undefined : 'it declares no "readsItemVectors"',
  };
}

/** A fusion may have put item text into the vectors; what is read from a table of one's own misses it. */
async function readsItemVectors(open: Opener): Promise<void> {
  await inWorld(await open(1), async (world) => {
    world.addNoise();
    const own = world.model.backbone.itemVectors();
    const [before, after] = [await states(world, own), await states(world, turned(own))];
    demand(
      largestDifference(after, before) !== 0,
      'It declares "readsItemVectors", but its states stay as they are when the vectors of all items change: read ' +
        'them by `items.gather(ids)`, not from a table of its own.',
    );
  });
}

/** The bare backbone's states of the longest history, by other item vectors. @returns [P·D] */
async function states(world: World, items: ItemVectors): Promise<Float32Array> {
  const batch = await world.model.backbone.prepare(world.batch([longest(world)], 'predict'));
  try {
    const h = tf.tidy(() => world.model.encodeRows(batch, items, Pass.predict).h.dataSync());
    return Float32Array.from(h);
  } finally {
    disposeBatch(batch);
  }
}

/** Every item's vector with its sign changed. */
const turned = (own: ItemVectors): ItemVectors => ({
  count: own.count,
  dimension: own.dimension,
  gather: (ids) => tf.neg(own.gather(ids)),
  block: (from, to) => tf.neg(own.block(from, to)),
});

function longest(world: World): Sequence {
  return world.sequences.reduce((a, b) => (b.history.length > a.history.length ? b : a));
}

async function gradients(open: Opener): Promise<void> {
  await inWorld(await open(1), (world) => demandGradients(world.addNoise(), 'backbone'));
}

const mostSteps = 300;

const overfitted = 8;

/**
 * After training on 8 sequences alone, each one's next item has rank 1: at a constant rate, or else at one that falls to 0,
 * as a model with much dropout may not settle before.
 */
async function overfits(open: Opener): Promise<void> {
  const constant = await mostRankedFirst(open, () => 0.02);
  if (constant === overfitted) return;
  const falling = await mostRankedFirst(open, (steps) => 0.02 * (1 - steps / mostSteps));
  demand(
    falling === overfitted,
    `After ${mostSteps} steps on ${overfitted} sequences only ${constant} of their next items have rank 1, and ${falling} ` +
      'with a falling learning rate. Most often a gradient is missing or a target is shifted; a model that cannot tell such ' +
      'histories apart leaves this law out, with a reason: backboneChecks(descriptor, { skip: { "it overfits 8 sequences": "…" } }).',
  );
}

/** How many of the sequences a new model ranks first once it has all of them or has had all steps. */
async function mostRankedFirst(open: Opener, rate: (steps: number) => number): Promise<number> {
  let found = 0;
  await inWorld(await open(1), async (world) => {
    const chosen = world.sequences.slice(0, overfitted);
    const histories = chosen.map(({ history }) => history);
    const targets = Int32Array.from(chosen, ({ next }) => next);
    const times = chosen.map((one) => one.times);
    const batchAt = (): ReturnType<World['batch']> => world.batch(chosen, 'train', world.trainingRows());
    for (let steps = 0; steps < mostSteps && found < chosen.length; steps += 10) {
      await world.train(10, { batchAt, learningRate: rate(steps) });
      const ranks = await world.ranker.ranks(histories, targets, { times });
      found = ranks.filter((rank) => rank === 1).length;
    }
  });
  return found;
}
