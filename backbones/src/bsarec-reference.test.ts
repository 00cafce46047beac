/** BSARec's states against the paper's formulas in plain float64 loops, with a left-padded history as the authors have it. */
import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { Pass, disposeBatch, rowsOf } from '@coco-rec/core';
import { bsarec } from './bsarec.js';
import { PlainModel, type Rows, gelu, plus, zip } from './plain-model.test.js';
import { assertClose, historiesBatch, smallWorld, statesOf } from './small-world.test.js';

const config = { dimension: 4, maxLength: 6, numLayers: 2, numHeads: 2, cutoff: 3, filterShare: 0.7 };
const histories = [[], [5], [1, 2, 3, 4], [9, 8, 7, 6, 5, 4]];

class Reference extends PlainModel {
  /** The state of the newest position. */
  lastState(history: readonly number[]): number[] {
    const { maxLength, numLayers, numHeads, filterShare } = config;
    const padding = maxLength - history.length;
    const hides = (t: number, s: number): boolean => s > t || s < padding;
    const items = this.world.backbone.itemVectors().block(0, 31).arraySync();
    const vectors = this.matrix('positions').map((position, t) =>
      position.map((x, i) => (t < padding ? x : x + items[history[t - padding]][i])),
    );
    let x = this.norm(vectors, 'embeddingNorm');
    for (let block = 0; block < numLayers; block++) {
      const name = `block${block}`;
      const filtered = this.norm(plus(x, this.filter(x, name)), `${name}/filterNorm`);
      const attended = this.norm(plus(x, this.attend(x, name, numHeads, hides)), `${name}/attentionNorm`);
      const mixed = zip(filtered, attended, (low, own) => filterShare * low + (1 - filterShare) * own);
      const inner = this.linear(mixed, `${name}/inner`).map((row) => row.map(gelu));
      x = this.norm(plus(mixed, this.linear(inner, `${name}/outer`)), `${name}/feedForwardNorm`);
    }
    return x[maxLength - 1];
  }

  /** The Fourier transform of all positions, cut, and back: low + β² · (x − low). */
  private filter(x: Rows, block: string): Rows {
    const n = x.length;
    const beta = this.vector(`${block}/high`);
    const keeps = (k: number): boolean => Math.min(k, n - k) <= Math.floor(config.cutoff / 2);
    return x.map((row, t) =>
      row.map((value, i) => {
        let low = 0;
        for (let k = 0; k < n; k++) {
          if (!keeps(k)) continue;
          for (let s = 0; s < n; s++) low += (x[s][i] * Math.cos((2 * Math.PI * k * (t - s)) / n)) / n;
        }
        return low + beta[i] ** 2 * (value - low);
      }),
    );
  }
}

describe('BSARec against its formulas', () => {
  before(() => tf.setBackend('cpu'));

  it('gives the states of histories of any length, padded as the authors do', async () => {
    const world = smallWorld(bsarec, { ...config, transform: 'padded' });
    const states = await statesOf(world.backbone, histories);
    histories.forEach((history, b) =>
      assertClose(states[b][Math.max(0, history.length - 1)], new Reference(world).lastState(history)),
    );
    world.parameters.dispose();
  });

  it('gives the newest states alone as among all, with the same gradients', async () => {
    for (const keys of [{}, { transform: 'history' }, { numLayers: 1, numHeads: 1, filterShare: 0.2 }]) {
      const { backbone, parameters } = smallWorld(bsarec, { ...config, ...keys });
      const batch = await backbone.prepare(historiesBatch(histories, config.maxLength));
      const items = backbone.itemVectors();
      const alone = (): tf.Tensor2D => backbone.encodeRows(batch, items, Pass.predict).h;
      const amongAll = (): tf.Tensor2D => rowsOf(backbone.encode(batch, items, Pass.predict), batch.rows);
      const both = [alone, amongAll].map((states) => tf.tidy(() => numbersOf(states)));
      assertClose(both[0].states, both[1].states);
      assertClose(both[0].gradients, both[1].gradients, 1e-4);
      assert.ok(both[0].gradients.some((value) => Math.abs(value) > 0.1));
      disposeBatch(batch);
      parameters.dispose();
    }
  });
});

/** Values of states [B, D], and gradients of a weighted sum of them for every weight. */
function numbersOf(states: () => tf.Tensor2D): { states: number[]; gradients: number[] } {
  const { value, grads } = tf.variableGrads(() => {
    const x = states();
    return tf.sum(tf.mul(x, tf.reshape(tf.cos(tf.range(0, x.size)), x.shape)));
  });
  value.dispose();
  const named = Object.keys(grads).sort();
  return {
    states: [...states().dataSync()],
    gradients: named.flatMap((name) => [...grads[name].dataSync()]),
  };
}
