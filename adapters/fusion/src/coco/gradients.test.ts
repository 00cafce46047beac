/** Central differences through the whole of CoCo. */
import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { type Batch, Pass } from '@coco-rec/core';
import { rowsAt } from '../row-ops.js';
import {
  type Gradients,
  addNoise,
  batchOf,
  compareDerivatives,
  gradientsOfLoss,
  lossAt,
  sequencesOf,
  warmStates,
  withBatch,
} from '../tiny-steps.test.js';
import { type TinyWorld, tinyWorld } from '../tiny-world.test.js';
import { CoCoFusion } from './coco.js';
import type { Codebook, Reading } from './codebook.js';
import { CoCoConfig } from './config.js';
import { settingsOf } from './presets.js';
import type { Selection } from './selection.js';

/**
 * The codebook with every sg(…) of decision 1 written as a number: z · (1 + c − c₀), ‖q₀ − k‖² + .25 ‖q − k₀‖². Its
 * values are what the gradients of the codebook are the gradients of.
 */
function literal(codebook: Codebook, states: tf.Tensor2D): { codebook: Codebook; free(): void } {
  const reading = codebook.read(states);
  const selection = codebook.select(reading);
  const { sequences, codewords } = selection;
  const pick = (cosines: tf.Tensor2D): tf.Tensor => {
    const [S, K] = cosines.shape;
    const rows = tf.oneHot(tf.tensor1d(sequences, 'int32'), S);
    const columns = tf.oneHot(tf.tensor1d(codewords, 'int32'), K);
    return tf.sum(tf.mul(tf.matMul(rows as tf.Tensor2D, cosines), columns), 1, true); // [M, 1]
  };
  const best = codewords.filter((_, m) => sequences[m] !== sequences[m - 1]); // every sequence has one
  const frozen = tf.tidy(() => tf.keep(tf.clone(pick(reading.cosines))));
  const queries = tf.keep(tf.clone(reading.queries));
  const keys = tf.keep(tf.clone(reading.keys));
  const far = (a: tf.Tensor, b: tf.Tensor): tf.Tensor => tf.mean(tf.sum(tf.square(tf.sub(a, b)), 1));
  const written = {
    settings: codebook.settings,
    shape: codebook.shape,
    vectors: codebook.vectors,
    shared: codebook.shared,
    projection: codebook.projection,
    centre: codebook.centre,
    read: (own: tf.Tensor2D): Reading => codebook.read(own),
    select: (): Selection => selection,
    prompts: ({ cosines }: Reading): tf.Tensor2D => {
      const factor = tf.add(tf.sub(pick(cosines), frozen), 1);
      return tf.concat([
        codebook.shared as unknown as tf.Tensor2D,
        tf.mul(rowsAt(codebook.vectors, codewords), factor),
      ]);
    },
    losses: (own: Reading): { orthogonality: tf.Scalar; quantisation: tf.Scalar } => ({
      orthogonality: codebook.losses(own, selection).orthogonality,
      quantisation: tf.add(
        far(queries, rowsAt(own.keys, best)),
        tf.mul(0.25, far(own.queries, rowsAt(keys, best))),
      ) as tf.Scalar,
    }),
  };
  return { codebook: written, free: () => tf.dispose([frozen, queries, keys]) };
}

class OpenFusion extends CoCoFusion {
  get codebook(): Codebook {
    return this.parts.codebook as Codebook;
  }
  set codebook(codebook: Codebook) {
    this.parts = { ...this.parts, codebook };
  }
}

describe('gradients of the whole loss, at fixed M', function () {
  this.timeout(30_000);
  let world: TinyWorld & { readonly fusion: OpenFusion };
  let batch: Batch;
  let gradients: Gradients;
  let free: () => void;

  before(async () => {
    await tf.setBackend('cpu');
    const config = {
      codebook: { size: 6, maxPrompts: 3, threshold: 0.2 },
      // Without M nothing but the codebook's sg(…) is stopped; what M stops is tested beside `contradiction.ts`.
      contradiction: false,
      lora: { rank: 2, alpha: 2, dropout: 0.2 },
      align: { lengthGate: true },
      decouple: { width: 5, dropout: 0.2 },
      semantic: { weight: 0.1, temperature: 0.5 },
    };
    world = await tinyWorld(new OpenFusion(settingsOf(Object.assign(new CoCoConfig(), config))));
    await world.fusion.startJoint(() => warmStates(world));
    addNoise(world, 0.1);
    addNoise(world, 0.5, 'align/gate');
    addNoise(world, 0.3, 'backbone/items');
    batch = batchOf(sequencesOf(world).slice(0, 6));
    gradients = await gradientsOfLoss(world, batch);
    const states = await withBatch(world, batch, (ready) => {
      const { h } = world.model.encodeRows(ready, world.model.itemVectors(), Pass.predict);
      const first = Array.from({ length: batch.batchSize }, (_, b) =>
        batch.rows.sequence.findIndex((s, p) => s === b && batch.rows.position[p] >= batch.lengths[b] - 4),
      );
      return tf.keep(tf.clone(rowsAt(h, Int32Array.from(first))));
    });
    const frozen = literal(world.fusion.codebook, states);
    world.fusion.codebook = frozen.codebook;
    free = () => {
      frozen.free();
      states.dispose();
    };
  });
  after(() => {
    free();
    world.dispose();
  });

  it('has the same value with the stopped gradients written as numbers', async () => {
    assert.ok(Math.abs((await lossAt(world, batch)) - gradients.loss) < 1e-5);
  });

  const groups = [
    'codebook/vectors',
    'codebook/shared',
    'codebook/projection',
    'align/gate',
    'align/lengthGate',
    'align/',
    'decouple/',
    'lora/',
    'titleMap',
    'itemText/',
    'userText/',
    'semantic/',
    'backbone/',
    'fusion/',
  ];
  for (const group of groups) {
    it(`agrees with central differences: ${group}`, async () => {
      for (const seed of [1, 2, 3]) {
        const { numeric, analytic } = await compareDerivatives(
          world,
          [group],
          gradients,
          () => lossAt(world, batch),
          { seed, epsilon: 5e-3 }, // text in the item vectors bends the loss: smaller than elsewhere
        );
        const size = Math.hypot(
          ...[...gradients.of]
            .filter(([name]) => name.includes(group))
            .flatMap(([, gradient]) => [...(gradient ?? [])]),
        );
        const error = Math.abs(numeric - analytic) / size;
        assert.ok(
          error < 1e-2,
          `seed ${seed}: ${numeric} by differences, ${analytic} by the tape (norm ${size})`,
        );
      }
    });
  }
});
