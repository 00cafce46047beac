/** BSARec's states against the paper's formulas in plain float64 loops, with a left-padded history as the authors have it. */
import * as tf from '@tensorflow/tfjs-core';
import { bsarec } from './bsarec.js';
import { type SmallWorld, assertClose, smallWorld, statesOf, weightOf } from './small-world.test.js';

type Rows = number[][];
const config = { dimension: 4, maxLength: 6, numLayers: 2, numHeads: 2, cutoff: 3, filterShare: 0.7 };
const histories = [[], [5], [1, 2, 3, 4], [9, 8, 7, 6, 5, 4]];

const zip = (a: Rows, b: Rows, join: (x: number, y: number) => number): Rows =>
  a.map((row, t) => row.map((x, i) => join(x, b[t][i])));
const plus = (a: Rows, b: Rows): Rows => zip(a, b, (x, y) => x + y);
const gelu = (x: number): number => (x / 2) * (1 + erf(x / Math.SQRT2));

/** By its series. */
function erf(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; n < 60; n++) sum += (term *= (-x * x) / n) / (2 * n + 1);
  return (2 / Math.sqrt(Math.PI)) * sum;
}

class Reference {
  constructor(private readonly world: SmallWorld) {}

  /** The state of the newest position. */
  lastState(history: readonly number[]): number[] {
    const { maxLength, numLayers, filterShare } = config;
    const padding = maxLength - history.length;
    const items = this.world.backbone.itemVectors().block(0, 31).arraySync();
    const vectors = this.matrix('positions').map((position, t) =>
      position.map((x, i) => (t < padding ? x : x + items[history[t - padding]][i])),
    );
    let x = this.norm(vectors, 'embeddingNorm');
    for (let block = 0; block < numLayers; block++) {
      const name = `block${block}`;
      const filtered = this.norm(plus(x, this.filter(x, name)), `${name}/filterNorm`);
      const attended = this.norm(plus(x, this.attend(x, name, padding)), `${name}/attentionNorm`);
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

  /** The authors' mask: −10,000 on later keys and on padding. */
  private attend(x: Rows, block: string, padding: number): Rows {
    const { dimension: D, numHeads } = config;
    const size = D / numHeads;
    const joined = this.linear(x, `${block}/queryKeyValue`);
    const mixed = joined.map((query, t) =>
      Array.from({ length: D }, (_, i) => {
        const first = Math.floor(i / size) * size; // of the head
        const scores = joined.map((key, s) => {
          let dot = 0;
          for (let j = first; j < first + size; j++) dot += query[j] * key[D + j];
          return dot / Math.sqrt(size) + (s > t || s < padding ? -10_000 : 0);
        });
        const parts = scores.map((score) => Math.exp(score - Math.max(...scores)));
        const total = parts.reduce((sum, part) => sum + part, 0);
        return parts.reduce((sum, part, s) => sum + (part / total) * joined[s][2 * D + i], 0);
      }),
    );
    return this.linear(mixed, `${block}/output`);
  }

  private linear(x: Rows, name: string): Rows {
    const [weight, bias] = [this.matrix(name), this.vector(`${name}Bias`)];
    return x.map((row) =>
      bias.map((start, j) => row.reduce((sum, value, i) => sum + value * weight[i][j], start)),
    );
  }

  private norm(x: Rows, name: string): Rows {
    const [gain, bias] = [this.vector(`${name}/gain`), this.vector(`${name}/bias`)];
    return x.map((row) => {
      const mean = row.reduce((sum, value) => sum + value, 0) / row.length;
      const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / row.length;
      return row.map((value, i) => ((value - mean) / Math.sqrt(variance + 1e-5)) * gain[i] + bias[i]);
    });
  }

  private matrix(name: string): Rows {
    return weightOf(this.world.parameters, `backbone/${name}`).variable.arraySync() as Rows;
  }

  private vector(name: string): number[] {
    return weightOf(this.world.parameters, `backbone/${name}`).variable.arraySync() as number[];
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
});
