import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import {
  type FusionDescriptor,
  type FusionStrategy,
  MemoryTextStore,
  type Sequence,
  lastItemRows,
  readConfig,
} from '@coco-rec/core';
import { fusions } from './index.js';
import { addNoise, batchOf, gradientsOfLoss, sequencesOf, statesOf, warmStates } from './tiny-steps.test.js';
import { type TinyWorld, tinyWorld } from './tiny-world.test.js';

interface Variant {
  readonly id: string;
  readonly keys: Readonly<Record<string, unknown>>;
  /** A fused model does not start as its backbone. */
  readonly opens?: boolean;
  /** Weights that cannot learn. */
  readonly idle?: readonly string[];
}

const small = { size: 8, maxPrompts: 3 };
const adaptor = { specificExperts: 1, expertHidden: 6, expertWidth: 4, textWidth: 8, answerTokens: 4 };
const generated = { source: 'generated', textWidth: 8, answerTokens: 4 };
const variants: readonly Variant[] = [
  { id: 'none', keys: {} },
  { id: 'text', keys: { textWidth: 4, control: 'placebo' } },
  { id: 'concat', keys: {} },
  { id: 'concat', keys: { source: 'prompted', maxTitles: 5, itemText: true } },
  { id: 'concat', keys: { ...generated, itemText: true, heldBack: 2 } },
  { id: 'concat', keys: { ...generated, questions: 'r4ec', rounds: 2, itemText: true, heldBack: 2 } },
  { id: 'mlp', keys: { itemText: true, textWidth: 0 } },
  { id: 'mlp', keys: { ...generated, users: 20, control: 'placebo' } },
  { id: 'kar', keys: { ...adaptor, heldBack: 2 } },
  { id: 'kar', keys: { ...adaptor, users: 20, popularItems: 12, control: 'placebo', textWidth: 0 } },
  { id: 'r4ec', keys: { ...adaptor, heldBack: 2, rounds: 2 } },
  { id: 'coco', keys: { codebook: small } },
  {
    id: 'coco',
    keys: { codebook: small, maxTitles: 3, fusedPositions: 2, granularity: 'token', microBatch: 3 },
  },
  { id: 'coco', keys: { preset: 'paper', codebook: { size: 8 } }, opens: true },
  { id: 'coco', keys: { soft: false, itemText: false, decouple: false } },
  {
    id: 'coco',
    keys: {
      codebook: { ...small, rule: 'relative' },
      contradiction: { scope: 'lora' },
      decouple: { width: 3, dropout: 0.2 },
      align: { lengthGate: true },
      semantic: { weight: 0.1 },
    },
  },
  // The literal softmax selects no prompt, so nothing teaches the queries.
  {
    id: 'coco',
    keys: { codebook: { ...small, rule: 'softmax' }, trainShare: 0.5, contradiction: false, lora: false },
    idle: ['fusion/codebook/projection'],
  },
];

function descriptorOf(id: string): FusionDescriptor {
  return fusions.find((fusion) => fusion.id === id) as FusionDescriptor;
}

function make({ id, keys }: Variant): FusionStrategy {
  const descriptor = descriptorOf(id);
  return descriptor.create(readConfig(descriptor.config, keys, 'fusion'));
}

const largest = (a: number[][], b: number[][]): number =>
  Math.max(...a.flatMap((row, p) => row.map((value, d) => Math.abs(value - b[p][d]))));

/** Texts that one variant has had written serve the others. */
const texts = new MemoryTextStore();

async function open(variant: Variant): Promise<TinyWorld> {
  const world = await tinyWorld(make(variant), { texts });
  await world.model.fusion.startJoint(() => warmStates(world));
  return world;
}

for (const variant of variants) {
  describe(`${variant.id} ${JSON.stringify(variant.keys)}`, function () {
    this.timeout(30_000);
    let world: TinyWorld;
    let sequences: Sequence[];

    before(async () => {
      await tf.setBackend('cpu');
      world = await open(variant);
      sequences = sequencesOf(world).slice(0, 8);
    });
    after(() => world.dispose());

    it(`starts ${variant.opens ? 'with the state replaced' : 'as the bare backbone'}`, async () => {
      const batch = batchOf(sequences);
      const difference = largest(await statesOf(world, batch), await statesOf(world, batch, false));
      assert.equal(difference < 1e-6, !variant.opens, String(difference));
    });

    it('differs from the backbone after noise, and is finite', async () => {
      addNoise(world, 0.02);
      const batch = batchOf(sequences);
      const fused = await statesOf(world, batch);
      assert.ok(fused.flat().every(Number.isFinite));
      const difference = largest(fused, await statesOf(world, batch, false));
      assert.equal(difference > 1e-6, variant.id !== 'none', String(difference));
    });

    it('depends on no item after the row', async () => {
      const batch = batchOf(sequences);
      const before = await statesOf(world, batch);
      for (const back of [1, 2, 3]) {
        const items = batch.items.slice();
        for (let b = 0; b < batch.batchSize; b++) {
          const last = b * batch.length + batch.lengths[b] - 1;
          for (let t = Math.max(b * batch.length, last - back + 1); t <= last; t++)
            items[t] = (items[t] % 20) + 1;
        }
        const after = await statesOf(world, { ...batch, items });
        let compared = 0;
        batch.rows.position.forEach((t, p) => {
          if (t >= batch.lengths[batch.rows.sequence[p]] - back) return;
          compared++;
          assert.deepEqual(after[p], before[p]);
        });
        assert.ok(compared > 5);
      }
    });

    it('does not care about the order of a batch or about padding', async () => {
      const batch = batchOf(sequences, { rows: lastItemRows, phase: 'predict' });
      const states = await statesOf(world, batch);
      const reversed = await statesOf(
        world,
        batchOf([...sequences].reverse(), { rows: lastItemRows, phase: 'predict' }),
      );
      assert.ok(largest(states, reversed.reverse()) < 1e-5);
      for (const [s, sequence] of sequences.entries()) {
        const alone = await statesOf(world, batchOf([sequence], { rows: lastItemRows, phase: 'predict' }));
        assert.ok(largest(alone, [states[s]]) < 1e-5);
      }
    });

    it('is finite for an empty history and for items without text', async () => {
      const bare = world.dataset.items.indexOf('i19') as number;
      const histories = [[], [bare], [bare, bare, bare], [1, bare, 2]].map((items) => Int32Array.from(items));
      const batch = batchOf(
        histories.map((history) => ({ user: -1, history, next: 0 })),
        { rows: lastItemRows, phase: 'predict' },
      );
      assert.ok((await statesOf(world, batch)).flat().every(Number.isFinite));
    });

    it('gives every weight a gradient', async () => {
      addNoise(world, 0.02, '', 12);
      const found = new Set<string>();
      for (let i = 0; i < 3; i++) {
        const { of, loss } = await gradientsOfLoss(
          world,
          batchOf(sequencesOf(world).slice(5 * i, 5 * i + 5)),
        );
        assert.ok(Number.isFinite(loss));
        of.forEach((gradient, name) => {
          assert.ok(gradient?.every(Number.isFinite) ?? true, name);
          if (gradient?.some((value) => value !== 0)) found.add(name);
        });
      }
      const all = world.parameters
        .entries()
        .filter(({ trainable }) => trainable)
        .map(({ name }) => name);
      assert.deepEqual(
        all.filter((name) => !found.has(name)),
        variant.idle ?? [],
      );
    });

    it('tells how far its joins have opened: at the start not at all, later some way', async () => {
      const fresh = await open(variant);
      const joins = async (): Promise<[string, number][]> =>
        Object.entries(await fresh.model.fusion.endEpoch(() => warmStates(fresh))).filter(([name]) =>
          /^mean \|.*(join|text)/.test(name),
        );
      if (!['none', 'coco'].includes(variant.id)) assert.ok((await joins()).length > 0);
      for (const [name, size] of await joins()) assert.equal(size, 0, name);
      addNoise(fresh, 0.02, '', 12);
      for (const [name, size] of await joins()) assert.ok(size > 0, name);
      fresh.dispose();
    });

    it('leaves no tensor behind a step, an epoch or a prediction', async () => {
      const count = tf.memory().numTensors;
      await gradientsOfLoss(world, batchOf(sequences));
      await statesOf(world, batchOf(sequences));
      const gauges = await world.model.fusion.endEpoch(() => warmStates(world));
      assert.ok(Object.values(gauges).every(Number.isFinite));
      assert.equal(tf.memory().numTensors, count);
    });
  });
}

describe('fusions', function () {
  this.timeout(30_000);

  it('free everything', async () => {
    const before = tf.memory().numTensors;
    for (const variant of variants) (await open(variant)).dispose();
    assert.equal(tf.memory().numTensors, before);
  });

  it('are saved and restored', async () => {
    const variant: Variant = { id: 'coco', keys: { codebook: small, align: { lengthGate: true } } };
    const [first, second] = [await open(variant), await tinyWorld(make(variant), { seed: 1 })];
    addNoise(first, 0.05);
    const batch = batchOf(sequencesOf(first).slice(0, 8));
    second.parameters.restore(await first.parameters.state());
    assert.deepEqual(await statesOf(second, batch), await statesOf(first, batch));
    first.dispose();
    second.dispose();
  });

  it('are the same for the same seed', async () => {
    const states: number[][][] = [];
    for (let i = 0; i < 2; i++) {
      const world = await open({ id: 'coco', keys: { codebook: small } });
      addNoise(world, 0.05);
      states.push(await statesOf(world, batchOf(sequencesOf(world))));
      world.dispose();
    }
    assert.deepEqual(states[0], states[1]);
  });

  it('describe themselves', () => {
    assert.deepEqual(
      fusions.map(({ id }) => id),
      ['none', 'text', 'concat', 'mlp', 'kar', 'r4ec', 'coco'],
    );
    for (const { summary, config, needs, id } of fusions) {
      assert.ok(summary.length > 20);
      assert.equal(needs(new config()).knowledge?.encode ?? false, id !== 'none');
    }
    const random = readConfig(descriptorOf('coco').config, { control: 'random' }, 'fusion');
    assert.deepEqual(descriptorOf('coco').knowledgeKeys?.(random), { randomWeights: true });
  });
});
