import { readConfig } from '../config/validate.js';
import type { Dataset } from '../specification/dataset.js';
import type { BackboneDescriptor, FusionDescriptor } from '../specification/descriptor.js';
import { MemoryTextStore } from '../knowledge/memory-text-store.js';
import type { KnowledgeLLM } from '../specification/knowledge-llm.js';
import type { TextStore } from '../specification/ports.js';
import {
  type Check,
  type Law,
  demand,
  demandClose,
  demandEqual,
  demandFinite,
  largestDifference,
  toChecks,
} from './check.js';
import {
  type LazyConfig,
  type Opener,
  changedAfter,
  commonLaws,
  demandGradients,
  keysOf,
} from './common-laws.js';
import { pairingLaw } from './pairing-law.js';
import { testDataset } from './test-dataset.js';
import { type World, everyPositionRows, inWorld } from './world.js';

export interface FusionCheckOptions {
  /** The language model, asked for by each check; made once and freed by the caller. */
  readonly knowledge?: () => Promise<KnowledgeLLM>;
  /** Keys of the section `fusion`. */
  readonly config?: object;
  /** Keys of the section `backbone`, or what gives them when a check runs; small widths make the checks fast. */
  readonly backboneConfig?: LazyConfig;
  /** Default: `testDataset()`, in which every item has a title. */
  readonly dataset?: Dataset;
  /** Where generated texts are kept. Default: one store for these checks; one of the caller's saves time over many. */
  readonly texts?: TextStore;
  /** Laws that do not apply, with the reason, by the law's name. */
  readonly skip?: Readonly<Record<string, string>>;
}

/**
 * The laws of a fusion on a backbone that fits it. They need a started engine with gradients.
 *
 * A fusion that stops the gradient of some rows says so by a gauge called "share of …" (such as "share of M = 1"); the
 * law on gradients then demands that the share is neither 0 nor 1, or it would not have looked at both kinds of row.
 * @throws CocoError for a skip that names no law
 */
export function fusionChecks(
  fusion: FusionDescriptor,
  backbone: BackboneDescriptor,
  options: FusionCheckOptions = {},
): Check[] {
  const { config: fusionConfig = {}, backboneConfig, dataset = testDataset(), skip = {} } = options;
  const texts = options.texts ?? new MemoryTextStore();
  const base = { backbone, fusion, fusionConfig, dataset, texts };
  const open: Opener = async (seed) => ({
    ...base,
    backboneConfig: await keysOf(backboneConfig),
    seed,
    knowledge: await options.knowledge?.(),
  });
  const openPoor: Opener = async (seed) => ({ ...(await open(seed)), dataset: testDataset({ texts: 0.5 }) });
  const leaves = 'its backbone is not causal: states see later items by declaration';
  const needs = fusion.needs(readConfig(fusion.config, fusionConfig, 'fusion'));
  const laws: Law[] = [
    { name: 'off, it is the bare backbone; on, it is not', run: () => offIsBare(open) },
    { name: 'only its own weights move when the backbone is frozen', run: () => movesOnlyItsOwn(open) },
    { name: 'each of its weights gets a gradient', run: () => gradients(open) },
    {
      name: 'no row sees a later item',
      run: () => noFuture(open),
      skip: backbone.capabilities.causal ? undefined : leaves,
    },
    { name: 'a prediction does not see its target', run: () => noTarget(open) },
    { name: 'items without text are finite', run: () => withoutText(openPoor) },
    ...commonLaws(open),
    pairingLaw(fusion, needs, backbone),
  ];
  return toChecks(laws, `${fusion.id} on ${backbone.id}`, skip);
}

async function offIsBare(open: Opener): Promise<void> {
  const options = await open(1);
  await inWorld(options, async (fused) => {
    fused.addNoise();
    const batch = fused.batch(fused.sequences.slice(0, 6), 'predict');
    const on = await fused.scores(batch);
    fused.model.fused = false;
    const off = await fused.scores(batch);
    const state = [...(await fused.ranker.state())].filter(([name]) => name.startsWith('backbone/'));
    await inWorld({ ...options, fusion: undefined, knowledge: undefined }, async (bare) => {
      await bare.ranker.restore(new Map(state));
      const expected = await bare.scores(batch);
      demand(largestDifference(on, expected) > 1e-5, 'Switched on, it changes no score.');
      demandClose(off, expected, 1e-6, 'Scores with the fusion off and those of the bare backbone');
    });
  });
}

async function movesOnlyItsOwn(open: Opener): Promise<void> {
  await inWorld(await open(1), async (world) => {
    world.addNoise();
    const backbone = await world.values('backbone');
    const own = await world.values('fusion');
    await world.train(3, { part: 'fusion' });
    for (const [name, values] of await world.values('backbone')) {
      demandEqual(values, backbone.get(name) ?? [], `The frozen weight "${name}" before and after training`);
    }
    const moved = [...(await world.values('fusion'))].some(([name, values]) => {
      const old = own.get(name) ?? [];
      return largestDifference(values, old) > 0;
    });
    demand(moved, 'Trained with the backbone frozen, none of its own weights moved.');
  });
}

/** Worlds that are tried until one has both kinds of row: a backbone with one row a sequence has few of them. */
const mostWorlds = 4;

async function gradients(open: Opener): Promise<void> {
  let lacking: string | undefined;
  for (let seed = 1; seed <= mostWorlds; seed++) {
    lacking = await inWorld(await open(seed), gradientsOfBothKinds);
    if (lacking === undefined) return;
  }
  demand(false, `In ${mostWorlds} worlds of 3 batches both kinds of row were to come up, but ${lacking}.`);
}

/** @returns which share of rows was all or nothing; undefined: none */
async function gradientsOfBothKinds(world: World): Promise<string | undefined> {
  world.addNoise();
  await world.endEpoch(); // gauges count from here
  await demandGradients(world, 'fusion');
  const shares = Object.entries(await world.endEpoch()).filter(([name]) => name.startsWith('share of'));
  const oneSided = shares.find(([, value]) => value <= 0 || value >= 1);
  return oneSided && `"${oneSided[0]}" was ${oneSided[1]}`;
}

/** Later items are exchanged for others with a text, so that no shape changes: the rest must be equal bit by bit. */
async function noFuture(open: Opener): Promise<void> {
  await inWorld(await open(1), async (world) => {
    world.addNoise();
    const keep = 3;
    const V = world.options.dataset.itemCount;
    const original = world.sequences.reduce((a, b) => (b.history.length > a.history.length ? b : a));
    const scoresOf = async (sequence: typeof original): Promise<Float32Array> =>
      (await world.scores(world.batch([sequence], 'predict'))).subarray(0, keep * V);
    const expected = await scoresOf(original);
    const { texts } = world.options.dataset;
    const pool = Array.from({ length: V }, (_, i) => i + 1).filter((item) => texts?.get(item) !== '');
    demandEqual(
      await scoresOf(changedAfter(original, keep, pool)),
      expected,
      'Rows before the items that changed',
    );
  });
}

async function noTarget(open: Opener): Promise<void> {
  await inWorld(await open(1), async (world) => {
    world.addNoise();
    const batch = world.batch(world.sequences.slice(0, 4), 'predict');
    const V = world.options.dataset.itemCount;
    const expected = await world.scores(batch);
    for (const change of [(): number => 0, (target: number): number => (target % V) + 1]) {
      const rows = { ...batch.rows, target: batch.rows.target.map(change) };
      demandEqual(await world.scores({ ...batch, rows }), expected, 'Predictions with another target');
    }
  });
}

/** Half of the items have no title; one history consists of such items only. */
async function withoutText(open: Opener): Promise<void> {
  await inWorld(await open(1), async (world) => {
    world.addNoise();
    const { texts, itemCount } = world.options.dataset;
    const silent = Array.from({ length: itemCount }, (_, i) => i + 1).filter(
      (item) => texts?.get(item) === '',
    );
    const mute = {
      user: world.sequences[0].user,
      history: Int32Array.from(silent.slice(0, 5)),
      next: silent[5],
    };
    const sequences = [mute, ...world.sequences.slice(0, 3)];
    demandFinite(
      await world.scores(world.batch([mute], 'predict')),
      'Scores of a history of items without text',
    );
    demandFinite(
      await world.scores(world.batch(sequences, 'predict')),
      'Scores where some items have no text',
    );
    await finiteGradients(world, sequences);
  });
}

async function finiteGradients(world: World, sequences: World['sequences']): Promise<void> {
  for (const chosen of [sequences, sequences.slice(0, 1)]) {
    const gradients = await world.gradients(world.batch(chosen, 'train', everyPositionRows), 'all');
    for (const [name, values] of gradients) demandFinite(values, `Gradient of "${name}" without text`);
  }
}
