import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { type Batch, Pass } from '@coco-rec/core';
import {
  addNoise,
  batchOf,
  gradientsOfLoss,
  sequencesOf,
  statesOf,
  warmStates,
  weightedLoss,
} from '../tiny-steps.test.js';
import { type TinyWorld, tinyWorld } from '../tiny-world.test.js';
import { CoCoFusion } from './coco.js';
import { CoCoConfig } from './config.js';
import { helpedRows } from './contradiction.js';
import type { GaugeState } from './gauges.js';
import { settingsOf } from './presets.js';

/** Worlds that differ in `contradiction` only: the same weights, noise included. */
async function worldWith(contradiction: object | false): Promise<TinyWorld> {
  const config = {
    codebook: { size: 8, maxPrompts: 3 },
    contradiction,
    userText: false, // so that M compares with the backbone's own states
    align: { heads: 2 },
    lora: { dropout: 0 },
  };
  const world = await tinyWorld(new CoCoFusion(settingsOf(Object.assign(new CoCoConfig(), config))));
  await world.model.fusion.startJoint(() => warmStates(world));
  addNoise(world, 0.1);
  addNoise(world, 0.5, 'align/gate');
  addNoise(world, 0.3, 'backbone/items');
  return world;
}

/** M by its definition (eq. 8), from the states of the model. */
async function contradictions(world: TinyWorld, batch: Batch): Promise<Float32Array> {
  const own = await statesOf(world, batch, false);
  const ready = await world.model.backbone.prepare(batch);
  const prepared = await world.model.fusion.prepare(ready);
  const { fused, items } = tf.tidy(() => ({
    fused: world.model.rowStates(ready, prepared, Pass.train(7)).arraySync(),
    items: world.model.itemVectors().block(0, 21).arraySync(),
  }));
  const unfused = tf.tidy(() =>
    world.model.encodeRows(ready, world.model.itemVectors(), Pass.predict).h.arraySync(),
  );
  tf.dispose([ready.itemIds, ready.mask, prepared as tf.Tensor]);
  assert.ok(own.length === unfused.length);
  const cosine = (a: number[], b: number[]): number =>
    a.reduce((sum, v, i) => sum + v * b[i], 0) / (Math.hypot(...a) * Math.hypot(...b));
  return Float32Array.from(unfused, (h, p) => {
    const target = items[batch.rows.target[p]];
    return cosine(fused[p], target) > cosine(h, target) ? 1 : 0;
  });
}

describe('contradiction', function () {
  this.timeout(30_000);
  let batch: Batch;
  let helped: Float32Array;
  /** Gradients of Σ L_r of the rows with M = 0, of those with M = 1, and of all rows; by kind of world. */
  const parts: Record<string, ReadonlyMap<string, Float32Array | undefined>> = {};

  before(async () => {
    await tf.setBackend('cpu');
    const open = await worldWith(false);
    batch = batchOf(sequencesOf(open).slice(0, 8));
    helped = await contradictions(open, batch);
    const rest = helped.map((m) => 1 - m);
    parts.openRest = (await gradientsOfLoss(open, batch, weightedLoss(rest))).of;
    parts.openHelped = (await gradientsOfLoss(open, batch, weightedLoss(helped))).of;
    open.dispose();
    const closed = await worldWith({ startGate: 100 });
    parts.closedHelped = (await gradientsOfLoss(closed, batch, weightedLoss(helped))).of;
    closed.dispose();
  });

  /** Gradients of all rows' L_r under a scope, beside a sum of parts. */
  async function compare(scope: string, expected: (name: string) => readonly string[]): Promise<void> {
    const world = await worldWith({ scope, startGate: 0 });
    const { of } = await gradientsOfLoss(world, batch, weightedLoss(helped.map(() => 1)));
    for (const [name, gradient] of of) {
      const all = expected(name).map((part) => parts[part].get(name));
      const sum = (i: number): number => all.reduce((total, part) => total + (part?.[i] ?? 0), 0);
      const size = Math.max(1e-6, ...(gradient ?? []).map(Math.abs));
      gradient?.forEach((value, i) =>
        assert.ok(
          Math.abs(value - sum(i)) < 1e-6 + 1e-3 * size,
          `${scope}: ${name}[${i}]: ${value}, expected ${sum(i)} (largest ${size})`,
        ),
      );
      const isZero = all.every((part) => !part || part.every((value) => value === 0));
      if (!gradient) assert.ok(isZero, `${scope}: ${name} has no gradient`);
    }
    world.dispose();
  }

  it('finds rows of both kinds', () => {
    const share = helped.reduce((a, b) => a + b, 0) / helped.length;
    assert.ok(share > 0.1 && share < 0.9, String(share));
  });

  it('llm: h_mix is a constant for M = 1 rows, and nothing else is stopped', () =>
    compare('llm', () => ['openRest', 'closedHelped']));

  it('lora: only the LoRA weights do not learn from M = 1 rows', () =>
    compare('lora', (name) => (name.includes('/lora/') ? ['openRest'] : ['openRest', 'openHelped'])));

  it('aligned: M = 1 rows teach nothing behind the aligned state', async () => {
    const world = await worldWith({ scope: 'aligned', startGate: 0 });
    const { of } = await gradientsOfLoss(world, batch, weightedLoss(helped.map(() => 1)));
    for (const [name, gradient] of of) {
      // Item vectors and item text also learn as candidates of M = 1 rows; the backbone as rows that are not fused.
      if (!/codebook|decouple|align|lora|titleMap/.test(name)) continue;
      const rest = parts.openRest.get(name);
      const size = Math.max(1e-6, ...(gradient ?? []).map(Math.abs));
      gradient?.forEach((value, i) =>
        assert.ok(Math.abs(value - (rest?.[i] ?? 0)) < 1e-6 + 1e-3 * size, name),
      );
    }
    world.dispose();
  });

  it('reads again only histories that have a row with M = 0, none behind a closed gate or where most of them teach', async () => {
    for (const [scope, startGate, teachingShare] of [
      ['llm', 0, 0.4],
      ['aligned', 0, 0.4],
      ['lora', 0, 0.4],
      ['lora', 0, undefined],
      ['llm', 100, 0.4],
      ['llm', 0, undefined],
      ['aligned', 0, 0.6],
    ] as const) {
      const world = await worldWith({ scope, startGate });
      const state = world.model.fusion.epochState() as GaugeState;
      world.model.fusion.restoreEpochState({ ...state, teachingShare });
      const before = world.decoder.rows;
      await gradientsOfLoss(world, batch, weightedLoss(helped.map(() => 1)));
      const { rows } = batch;
      const isFused = (p: number): boolean => rows.position[p] >= batch.lengths[rows.sequence[p]] - 4;
      const having = (m: number): number =>
        new Set([...rows.sequence].filter((_, p) => isFused(p) && helped[p] === m)).size;
      // `lora` reads the histories of M = 1 rows as well, for what is before the LoRA weights: the dearer scope.
      const isKept = scope !== 'lora' && (teachingShare ?? 1) >= 0.5;
      const again = startGate > 0 || isKept ? 0 : having(0) + (scope === 'lora' ? having(1) : 0);
      assert.equal(world.decoder.rows - before, batch.batchSize + again);
      world.dispose();
    }
  });

  it('compares cosines, not products', () => {
    const result = tf.tidy(() =>
      helpedRows(
        tf.tensor2d([
          [3, 3],
          [0, 1],
        ]),
        tf.tensor2d([
          [1, 0.5],
          [0, 9],
        ]),
        tf.tensor2d([
          [1, 0.5],
          [0, 1],
        ]),
      ),
    );
    assert.deepEqual([...result], [0, 0]);
  });
});
