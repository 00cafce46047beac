import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { makeBatch, trainingSequences } from '../data/batches.js';
import { nextItemRows } from '../data/row-samplers.js';
import { leaveOneOut } from '../data/split.js';
import { CocoError } from '../errors.js';
import { createLoss } from '../losses/create-loss.js';
import { Random } from '../random.js';
import { Backbone } from '../specification/backbone.js';
import type { PreparedBatch } from '../specification/batch.js';
import { FusionStrategy, type FuseResult } from '../specification/fusion-strategy.js';
import type { ItemVectors } from '../specification/item-vectors.js';
import { Parameters, constant } from '../specification/parameters.js';
import { eachBackend, leaked } from '../testing/each-backend.test.js';
import { testDataset } from '../testing/test-dataset.js';
import { Adam } from './adam.js';
import { SequenceModel } from './sequence-model.js';
import { trainStep } from './train-step.js';

/** The state is the item vector times `spoil(scale)`; the scale starts at 0. */
class SpoiltBackbone extends Backbone {
  readonly id = 'spoilt';
  readonly dimension = 4;
  private scale!: tf.Variable;

  constructor(private readonly spoil: (scale: tf.Tensor) => tf.Tensor) {
    super();
  }

  protected build(parameters: Parameters): void {
    this.scale = parameters.variable('scale', [1], constant(0));
  }

  encode({ batchSize, length, itemIds }: PreparedBatch, items: ItemVectors): tf.Tensor3D {
    const vectors = items.gather(tf.reshape(itemIds, [batchSize * length])); // [B·T, D]
    return tf.reshape(tf.mul(vectors, tf.add(1, this.spoil(this.scale))), [
      batchSize,
      length,
      this.dimension,
    ]);
  }
}

class Bare extends FusionStrategy {
  readonly id = 'bare';
  async initialize(): Promise<void> {}
  fuse(h: tf.Tensor2D): FuseResult {
    return { h };
  }
}

interface Bench {
  step(): Promise<Record<string, number>>;
  values(): number[];
  readonly users: readonly number[];
  dispose(): void;
}

/** @param cuts where the batch is cut into parts */
function bench(spoil: (scale: tf.Tensor) => tf.Tensor, cuts: readonly number[] = []): Bench {
  const dataset = testDataset();
  const split = leaveOneOut(dataset);
  const random = new Random(1);
  const parameters = new Parameters(random);
  const backbone = new SpoiltBackbone(spoil);
  const loss = createLoss('softmax', { dataset, trainLengths: split.trainLengths, random });
  backbone.initialize({ itemCount: dataset.itemCount, parameters, loss, dataset });
  const model = new SequenceModel(backbone, new Bare(), parameters);
  model.fused = false;
  const chosen = trainingSequences(split).slice(3, 6);
  const parts = [0, ...cuts].map((from, n) => {
    const members = chosen.slice(from, cuts[n]);
    const batch = makeBatch(members, { maxLength: 50, phase: 'train', rows: nextItemRows, random });
    return { batch, key: 1 };
  });
  const adam = new Adam();
  const config = { learningRate: 0.01, weightDecay: 0, gradientNorm: 5 };
  const place = 'stage warm, epoch 2, step 7';
  return {
    step: () =>
      trainStep({
        model,
        parts,
        adam,
        config,
        rateScale: 1,
        parameters: parameters.entries(),
        userNames: { get: (user) => `customer ${user}` },
        place,
      }),
    values: () => parameters.entries().flatMap(({ variable }) => [...variable.dataSync()]),
    users: chosen.map(({ user }) => user),
    dispose: () => [adam, model].forEach((part) => part.dispose()),
  };
}

eachBackend(() => {
  it('takes parts as one batch: every row weighs alike', async () => {
    const whole = bench((scale) => scale);
    const inParts = bench((scale) => scale, [1, 2]);
    await whole.step();
    await inParts.step();
    const expected = whole.values();
    inParts.values().forEach((value, i) => assert.ok(Math.abs(value - expected[i]) < 1e-5));
    whole.dispose();
    inParts.dispose();
  });

  it('lowers the loss and reports it with the norm of the gradient', async () => {
    const good = bench((scale) => scale);
    const first = await good.step();
    assert.ok(Math.abs(first.recommendation - Math.log(30)) < 0.1, `${first.recommendation}`);
    assert.ok(first['gradient norm'] > 0);
    for (let i = 0; i < 20; i++) await good.step();
    assert.ok((await good.step()).recommendation < first.recommendation);
    good.dispose();
  });

  const spoilt = {
    'a loss': (scale: tf.Tensor) => tf.div(scale, scale), // 0 / 0
    'a gradient': (scale: tf.Tensor) => tf.sqrt(scale), // 0, but its slope is infinite
  };
  for (const [what, spoil] of Object.entries(spoilt)) {
    it(`stops at ${what} that is not finite, names step, parts and users, and keeps the weights`, async () => {
      const bad = bench(spoil, [1, 2]);
      const before = bad.values();
      await assert.rejects(bad.step(), (error) => {
        assert.ok(error instanceof CocoError);
        const { message } = error;
        for (const word of [
          'stage warm, epoch 2, step 7',
          'recommendation',
          ...bad.users.map((user) => `customer ${user}`),
        ]) {
          assert.ok(message.includes(word), `"${message}" lacks "${word}"`);
        }
        return true;
      });
      assert.deepEqual(bad.values(), before);
      bad.dispose();
    });
  }

  it('leaves no tensor behind, not even when it stops', async () => {
    for (const spoil of [(scale: tf.Tensor) => scale, spoilt['a loss']]) {
      const one = bench(spoil);
      await one.step().catch(() => undefined);
      const before = tf.memory().numTensors;
      await one.step().catch(() => undefined);
      assert.equal(tf.memory().numTensors, before);
      one.dispose();
    }
    assert.equal(
      leaked(() => bench((scale) => scale).dispose()),
      0,
    );
  });
});
