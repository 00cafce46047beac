import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-layers'; // registers the gradients of the engine's kernels
import { CocoError } from '../errors.js';
import { Backbone, defaultBackboneCapabilities } from '../specification/backbone.js';
import type { PreparedBatch } from '../specification/batch.js';
import type { BackboneDescriptor } from '../specification/descriptor.js';
import type { ItemVectors } from '../specification/item-vectors.js';
import { backboneChecks } from '../testing/backbone-checks.js';
import { testDataset } from '../testing/test-dataset.js';
import { demandAsDescribed, tryOut } from './try-out.js';
import { type World, inWorld } from '../testing/world.js';

/** What a subclass may get wrong; the rest is a table of items whose vectors are the states. */
interface Faults {
  readonly dimension?: number;
  build?(): unknown;
  encode?(states: tf.Tensor3D): unknown;
  rowLoss?(h: tf.Tensor2D): unknown;
  scores?(h: tf.Tensor2D): unknown;
}

class FaultyBackbone extends Backbone {
  readonly id = 'faulty';
  readonly dimension: number;
  constructor(private readonly faults: Faults) {
    super();
    this.dimension = 'dimension' in faults ? (faults.dimension as number) : 4;
  }
  protected build(): void {
    this.faults.build?.();
  }
  encode({ itemIds, batchSize: B, length: T }: PreparedBatch, items: ItemVectors): tf.Tensor3D {
    const states = tf.reshape(items.gather(tf.reshape(itemIds, [B * T])), [B, T, this.dimension]);
    return (this.faults.encode ? this.faults.encode(states as tf.Tensor3D) : states) as tf.Tensor3D; // [B, T, D]
  }
  override rowLoss(...given: Parameters<Backbone['rowLoss']>): tf.Tensor1D {
    return (this.faults.rowLoss?.(given[0]) ?? super.rowLoss(...given)) as tf.Tensor1D; // [P]
  }
  override scores(...given: Parameters<Backbone['scores']>): tf.Tensor2D {
    return (this.faults.scores?.(given[0]) ?? super.scores(...given)) as tf.Tensor2D; // [P, N]
  }
}

class NoConfig {}

const faulty = (faults: Faults): BackboneDescriptor => ({
  ...{ kind: 'backbone', id: 'faulty', specVersion: 'v1', summary: 'For tests.', paper: 'none' },
  config: NoConfig,
  capabilities: defaultBackboneCapabilities,
  create: () => new FaultyBackbone(faults),
});

const inFaulty = (faults: Faults, use: (world: World) => Promise<unknown>): Promise<unknown> =>
  inWorld({ backbone: faulty(faults), dataset: testDataset(), seed: 1 }, use);

/** Refused in training and in prediction, in the same words. */
async function assertRefused(faults: Faults, words: RegExp): Promise<void> {
  const refused = (error: unknown): boolean => error instanceof CocoError && words.test(error.message);
  await inFaulty(faults, async (world) => {
    const before = tf.memory().numTensors;
    await assert.rejects(world.train(1), refused);
    await assert.rejects(world.scores(world.trainingBatch(0)), refused);
    await assert.rejects(world.scores(world.trainingBatch(0)), refused);
    assert.equal(tf.memory().numTensors, before, 'tensors are left behind');
  });
}

describe('A backbone of another shape', () => {
  before(() => tf.setBackend('cpu'));

  it('trains and scores where nothing is wrong', () =>
    inFaulty({}, async (world) => {
      await world.train(1);
      await world.scores(world.trainingBatch(0));
    }));

  const right = String.raw`; it should give a tensor \[B, T, D\] = \[8, (\d+), 4\]\.`;
  const cases: readonly [name: string, encode: (states: tf.Tensor3D) => unknown, gave: string][] = [
    ['one state a history', (states) => tf.mean(states, 1), String.raw`a tensor \[8, 4\]`],
    ['another width', (states) => tf.pad(states, [[0, 0], [0, 0], [0, 1]]), String.raw`a tensor \[8, \d+, 5\]`], // prettier-ignore
    ['twice the positions', (states) => tf.concat([states, states], 1), String.raw`a tensor \[8, \d+, 4\]`],
    ['positions first', (states) => tf.transpose(states, [1, 0, 2]), String.raw`a tensor \[\d+, 8, 4\]`],
    ['whole numbers', (states) => tf.cast(states, 'int32'), String.raw`a tensor \[8, \d+, 4\] of int32`],
    ['nothing', () => undefined, 'undefined'],
    ['an array', (states) => [states], 'something that is no tensor'],
    [
      'a promise',
      async (states) => states,
      String.raw`a promise \(what is asynchronous belongs in "prepare"\)`,
    ],
  ];
  for (const [name, encode, gave] of cases) {
    it(`is refused where encode gives ${name}`, () =>
      assertRefused({ encode }, new RegExp(`^Backbone "faulty": encode gave ${gave}${right}$`)));
  }

  it('is refused where a promise is broken later, with nothing unhandled', async () => {
    const encode = async (): Promise<tf.Tensor> => {
      await Promise.resolve();
      throw new Error('too late');
    };
    await assertRefused({ encode }, /encode gave a promise/);
  });

  it('is refused where rowLoss gives the mean', () =>
    inFaulty({ rowLoss: (h) => tf.mean(h) }, (world) =>
      assert.rejects(world.train(1), /^CocoError: Backbone "faulty": rowLoss gave a tensor \[\]; it should give a tensor \[P\] = \[\d+\]\.$/),
    )); // prettier-ignore

  it('is refused where scores misses an item', () =>
    inFaulty({ scores: (h) => tf.zeros([h.shape[0], 2]) }, (world) =>
      assert.rejects(
        world.scores(world.trainingBatch(0)),
        /"faulty": scores gave a tensor \[\d+, 2\]; it should give a tensor \[P, N\] = \[\d+, \d+\]/,
      ),
    ));

  it('is refused without a dimension', async () => {
    for (const dimension of [undefined, 0, 2.5]) {
      await assert.rejects(
        inFaulty({ dimension }, async () => undefined),
        new RegExp(`Backbone "faulty": "dimension" is ${dimension}; it should be a whole number from 1`),
      );
    }
  });

  it('is refused where build makes variables that would not be saved', async () => {
    const before = tf.memory().numTensors;
    const build = (): unknown => tf.variable(tf.zeros([4, 4]));
    const made = inFaulty({ build }, async () => undefined);
    await assert.rejects(
      made,
      /"faulty": "build" made variables by itself \(\[4, 4\]\).*parameters\.variable\(/,
    );
    assert.ok(tf.memory().numTensors <= before + 2, 'the variable is left behind'); // its own items, and tf.zeros
  });

  describe('tried out before any training', () => {
    const tried = (faults: Faults): Promise<unknown> =>
      inFaulty(faults, ({ model, options }) => tryOut(model.backbone, options.dataset.itemCount));

    it('passes where nothing is wrong, and leaves nothing behind', () =>
      inFaulty({}, async ({ model }) => {
        const before = tf.memory().numTensors;
        await tryOut(model.backbone, 20);
        assert.equal(tf.memory().numTensors, before);
      }));

    it('is refused where it looks ahead', async () => {
      const ahead = tried({ encode: (states) => tf.cumsum(states, 1, false, true) });
      await assert.rejects(
        ahead,
        /^CocoError: Backbone "faulty" looks ahead: .* Mask them, or say "causal: false"/,
      );
      await tried({ encode: (states) => tf.cumsum(states, 1) });
    });

    it('is refused where a state is not finite', () =>
      assert.rejects(
        tried({ encode: (states) => tf.div(states, 0) }),
        /"faulty": encode gave (-?Infinity|NaN) on a history of 4 items, before any training/,
      ));

    it('is refused where it is not what its descriptor says', () => {
      const backbone = new FaultyBackbone({});
      const described = faulty({});
      const refused = (changed: Partial<BackboneDescriptor>, words: RegExp): void =>
        assert.throws(() => demandAsDescribed(backbone, { ...described, ...changed }), words);
      refused({ id: 'other' }, /The descriptor's id is "other", the backbone's "faulty"/);
      const capabilities = { ...defaultBackboneCapabilities, causal: false };
      refused({ capabilities }, /the capability "causal" is false in the descriptor, true in the backbone/);
      demandAsDescribed(backbone, described);
    });
  });

  it('with a table of its own is found by the law', async () => {
    const encode = (states: tf.Tensor3D): tf.Tensor => tf.onesLike(states);
    const [law] = backboneChecks(faulty({ encode })).filter(({ name }) =>
      name.includes('item vectors it is given'),
    );
    await assert.rejects(law.run(), /declares "readsItemVectors", but its states stay as they are/);
  });

  it('hears the same from the laws', async () => {
    const [law] = backboneChecks(faulty({ encode: (states) => tf.mean(states, 1) })).filter(({ name }) =>
      name.includes('padding is irrelevant'),
    );
    await assert.rejects(law.run(), /Backbone "faulty": encode gave a tensor \[\d+, 4\]/);
  });
});
