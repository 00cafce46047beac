import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { Parameters, Random } from '@coco-rec/core';
import { settingsOf } from './presets.js';
import { CoCoConfig } from './config.js';
import { CoCoFusion } from './coco.js';
import { Codebook } from './codebook.js';
import { fitProjection, reseedDead, sphericalKMeans, startFromQueries } from './codebook-fit.js';
import { Gauges } from './gauges.js';
import { promptTextCount, promptTexts } from './prompt-texts.js';
import {
  partOf,
  addNoise,
  batchOf,
  gradientsOfLoss,
  sequencesOf,
  warmStates,
  withBatch,
} from '../tiny-steps.test.js';
import { tinyWorld } from '../tiny-world.test.js';
import type { ItemText } from '../item-text.js';

const settingsWith = (codebook: object): ReturnType<typeof settingsOf> =>
  settingsOf(Object.assign(new CoCoConfig(), { codebook: { size: 8, ...codebook } }));

class OpenFusion extends CoCoFusion {
  get codebook(): Codebook {
    return this.parts.codebook as Codebook;
  }
  get text(): ItemText {
    return this.parts.text;
  }
}

describe('codebook', function () {
  this.timeout(30_000);
  before(() => tf.setBackend('cpu'));

  it('selects something for everyone at step 0, and not the same for all', async () => {
    for (const init of ['queries', 'prompts']) {
      const fusion = new OpenFusion(settingsWith({ init }));
      const world = await tinyWorld(fusion);
      const sample = await warmStates(world);
      await fusion.startJoint(async () => sample);
      const { codebook } = fusion;
      const reading = codebook.read(tf.tensor2d(sample.states, [24, 8]));
      const { counts, sequences, codewords } = codebook.select(reading);
      assert.ok(counts.every((m) => m >= 1 && m <= 6));
      const sets = [...counts.keys()].map((s) => [...codewords].filter((_, m) => sequences[m] === s).join());
      assert.ok(new Set(sets).size > 1, init);
      const norms = tf.tidy(() => tf.norm(codebook.vectors, 2, 1).dataSync());
      norms.forEach((norm) => assert.ok(Math.abs(norm - codebook.shape.norm) < 1e-3));
      world.dispose();
    }
  });

  it('teaches W_e through L_r alone', async () => {
    const fusion = new OpenFusion(settingsWith({}));
    const world = await tinyWorld(fusion);
    await fusion.startJoint(() => warmStates(world));
    addNoise(world, 0.05);
    const recommendation = partOf(({ parts }) => parts.recommendation);
    const { of } = await gradientsOfLoss(world, batchOf(sequencesOf(world).slice(0, 6)), recommendation);
    const norm = Math.hypot(...(of.get('fusion/codebook/projection') ?? []));
    assert.ok(norm > 1e-7, String(norm));
    world.dispose();
  });

  it('has the losses of eq. 4 and 6, in both forms', async () => {
    for (const form of ['default', 'literal'] as const) {
      const parameters = new Parameters(new Random(2));
      const forms = form === 'literal' ? { orthogonality: form, quantisation: form } : {};
      const { codebook: settings } = settingsWith({ size: 3, ...forms });
      const codebook = new Codebook(parameters, settings, { dimension: 4, hiddenSize: 5, norm: 1.5 });
      const states = tf.tensor2d([1, 2, -1, 0.5, 0.2, -1, 1, 1], [2, 4]);
      const selection = {
        counts: Int32Array.of(2, 1),
        sequences: Int32Array.of(0, 0, 1),
        codewords: Int32Array.of(2, 0, 1),
      };
      const { orthogonality, quantisation } = tf.tidy(() => {
        const losses = codebook.losses(codebook.read(states), selection);
        return {
          orthogonality: losses.orthogonality.dataSync()[0],
          quantisation: losses.quantisation.dataSync()[0],
        };
      });
      const z = codebook.vectors.arraySync() as number[][];
      const w = codebook.projection.arraySync() as number[][];
      const h = states.arraySync();
      const unit = (x: number[]): number[] => x.map((v) => v / Math.hypot(...x));
      const along = (a: number[], b: number[]): number => a.reduce((sum, v, i) => sum + v * b[i], 0);
      const e = h.map((row) => {
        const scale = Math.sqrt(along(row, row) / 4);
        return w[0].map((_, j) =>
          along(
            row.map((v) => v / scale),
            w.map((line) => line[j]),
          ),
        );
      });
      const mean = z[0].map((_, j) => (z[0][j] + z[1][j] + z[2][j]) / 3);
      const k = z.map((row) => unit(row.map((v, j) => v - mean[j])));
      const pairs = [
        [0, 1],
        [0, 2],
        [1, 2],
      ];
      const squares = (a: number[], b: number[]): number => a.reduce((sum, v, i) => sum + (v - b[i]) ** 2, 0);
      const literal = form === 'literal';
      // Eq. 4 takes every selected prompt; the default form the nearest, which stands first.
      const chosen = [[0, 2], ...(literal ? [[0, 0]] : []), [1, 1]];
      const expectedOrthogonality = literal
        ? pairs.reduce((sum, [i, j]) => sum + along(unit(z[i]), unit(z[j])), 0)
        : pairs.reduce((sum, [i, j]) => sum + along(k[i], k[j]) ** 2, 0) / 3;
      const expectedQuantisation = literal
        ? chosen.reduce((sum, [s, i]) => sum + squares(e[s], z[i]), 0) / 3
        : chosen.reduce((sum, [s, i]) => sum + 1.25 * squares(unit(e[s]), k[i]), 0) / 2;
      assert.ok(Math.abs(orthogonality - expectedOrthogonality) < 1e-4);
      assert.ok(Math.abs(quantisation - expectedQuantisation) < 1e-4);
      states.dispose();
      parameters.dispose();
    }
  });

  it('keeps the mean of the queries at 0, so that they do not all point one way', async () => {
    const fusion = new OpenFusion(settingsWith({}));
    const world = await tinyWorld(fusion);
    const { codebook } = fusion;
    const sample = await warmStates(world);
    // States that have drifted: one large direction in common.
    const states = sample.states.map((value, i) => value + (i % 8 === 3 ? 9 : 0));
    const likeness = (): number =>
      tf.tidy(() => {
        const { queries } = codebook.read(tf.tensor2d(states, [24, 8]));
        return tf.mean(tf.matMul(queries, queries, false, true)).dataSync()[0];
      });
    await fusion.startJoint(async () => sample);
    const before = likeness();
    await fusion.endEpoch(async () => ({ ...sample, states }));
    assert.ok(before > 0.8 && likeness() < 0.3, `${before} → ${likeness()}`);
    world.dispose();
  });

  it('fits the queries to the titles of the history', async () => {
    const fusion = new OpenFusion(settingsWith({}));
    const world = await tinyWorld(fusion);
    const sample = await warmStates(world);
    const { codebook, text } = fusion;
    const titleOf = (history: Int32Array): number[] => {
      const H = text.hiddenSize;
      return Array.from({ length: H }, (_, h) =>
        history.reduce((sum, item) => sum + text.table.values[item * H + h], 0),
      );
    };
    const agreement = (): number =>
      tf.tidy(() => {
        const titles = tf.tensor2d(sample.histories.map(titleOf));
        const centred = tf.sub(titles, tf.mean(titles, 0, true));
        const { queries } = codebook.read(tf.tensor2d(sample.states, [24, 8]));
        return tf
          .mean(tf.sum(tf.mul(queries, tf.div(centred, tf.norm(centred, 2, 1, true))), 1))
          .dataSync()[0];
      });
    const before = agreement();
    fitProjection(codebook, text, sample);
    assert.ok(agreement() > before + 0.2 && agreement() > 0.3, `${before} → ${agreement()}`);
    world.dispose();
  });

  it('starts from k-means centres of the queries', async () => {
    // Points around the axes: the centres are the axes.
    const [H, K] = [6, 6];
    const random = new Random(1);
    const points = Float32Array.from(
      { length: 60 * H },
      (_, i) => (Math.floor(i / H) % K === i % H ? 1 : 0) + 0.05 * random.normal(),
    );
    for (let n = 0; n < 60; n++) {
      const row = points.subarray(n * H, (n + 1) * H);
      const norm = Math.hypot(...row);
      row.forEach((value, h) => (row[h] = value / norm));
    }
    const centres = await sphericalKMeans(points, H, K, random);
    const axes = Array.from({ length: K }, (_, k) => {
      const row = [...centres.subarray(k * H, (k + 1) * H)];
      assert.ok(Math.max(...row) > 0.98);
      return row.indexOf(Math.max(...row));
    });
    assert.equal(new Set(axes).size, K);
  });

  it('has distinct prompts even with fewer users than prompts', async () => {
    const fusion = new OpenFusion(settingsWith({ size: 40 }));
    const world = await tinyWorld(fusion);
    const sample = await warmStates(world, 5);
    await startFromQueries(fusion.codebook, sample, new Random(1));
    const rows = fusion.codebook.vectors.arraySync() as number[][];
    assert.equal(new Set(rows.map((row) => row.map((v) => v.toFixed(4)).join())).size, 40);
    world.dispose();
  });

  it('puts dead prompts where live queries are badly served', async () => {
    const fusion = new OpenFusion(settingsWith({}));
    const world = await tinyWorld(fusion);
    const sample = await warmStates(world);
    const { codebook } = fusion;
    await fusion.startJoint(async () => sample);
    const before = codebook.vectors.arraySync() as number[][];
    const served = (): number =>
      tf.tidy(() => {
        const { cosines } = codebook.read(tf.tensor2d(sample.states, [24, 8]));
        return tf.min(tf.max(cosines, 1)).dataSync()[0];
      });
    // Three prompts lie where no query is.
    const lost = before.map((row, k) => (k < 3 ? row.map((_, h) => 0.01 * (h + k)) : row));
    tf.tidy(() => codebook.vectors.assign(tf.tensor2d(lost)));
    const worst = served();
    const usage = Float64Array.from({ length: 8 }, (_, k) => (k < 3 ? 0 : 5));
    assert.equal(await reseedDead(codebook, usage, sample), 3);
    assert.ok(served() > worst, `${worst} → ${served()}`);
    const after = codebook.vectors.arraySync() as number[][];
    after
      .slice(3)
      .forEach((row, k) => row.forEach((v, h) => assert.ok(Math.abs(v - before[k + 3][h]) < 1e-6)));
    assert.equal(await reseedDead(codebook, new Float64Array(8).fill(1), sample), 0);
    assert.equal(await reseedDead(codebook, new Float64Array(8), sample), 0);
    world.dispose();
  });

  it('reports m, usage and perplexity, and starts afresh after an epoch', async () => {
    const gauges = new Gauges(4);
    gauges.countSelection(Int32Array.of(1, 3), Int32Array.of(0, 0, 1, 2));
    const record = gauges.report();
    assert.equal(record['m mean'], 2);
    assert.equal(record['m min'], 1);
    assert.equal(record['m max'], 3);
    assert.equal(record['codebook usage'], 0.75);
    assert.ok(Math.abs(record['codebook perplexity'] - 2 ** 1.5) < 1e-9);
    gauges.reset();
    assert.deepEqual(gauges.report(), {});
  });

  it('logs the figures of an epoch', async () => {
    const fusion = new OpenFusion(settingsWith({}));
    const world = await tinyWorld(fusion);
    addNoise(world, 0.05);
    await withBatch(world, batchOf(sequencesOf(world)), () => undefined);
    await gradientsOfLoss(world, batchOf(sequencesOf(world).slice(0, 8)));
    const record = await fusion.endEpoch(() => warmStates(world));
    for (const name of [
      'mean |g|',
      'share of M = 1',
      'm mean',
      'm median',
      'codebook usage',
      'codebook perplexity',
      're-seeded prompts',
      'mean |item text|',
    ]) {
      assert.ok(Number.isFinite(record[name]), name);
    }
    world.dispose();
  });

  it('has a text for every prompt of the default size', () => {
    assert.ok(promptTextCount >= 64);
    assert.equal(new Set(promptTexts(promptTextCount)).size, promptTextCount);
  });
});
