/** What the tests against formulas share: layers in plain float64 loops, by the weights of a small world. */
import { type SmallWorld, weightOf } from './small-world.test.js';

/** [T, D] */
export type Rows = number[][];

export const zip = (a: Rows, b: Rows, join: (x: number, y: number) => number): Rows =>
  a.map((row, t) => row.map((x, i) => join(x, b[t][i])));
export const plus = (a: Rows, b: Rows): Rows => zip(a, b, (x, y) => x + y);
export const gelu = (x: number): number => (x / 2) * (1 + erf(x / Math.SQRT2));
export const relu = (x: number): number => Math.max(0, x);

/** By its series. */
function erf(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; n < 60; n++) sum += (term *= (-x * x) / n) / (2 * n + 1);
  return (2 / Math.sqrt(Math.PI)) * sum;
}

export class PlainModel {
  constructor(protected readonly world: SmallWorld) {}

  /** @param hides whether place t must not see place s: −10,000 on its score, as authors have it */
  protected attend(x: Rows, block: string, numHeads: number, hides: (t: number, s: number) => boolean): Rows {
    const D = x[0].length;
    const size = D / numHeads;
    const joined = this.linear(x, `${block}/queryKeyValue`);
    const mixed = joined.map((query, t) =>
      Array.from({ length: D }, (_, i) => {
        const first = Math.floor(i / size) * size; // of the head
        const scores = joined.map((key, s) => {
          let dot = 0;
          for (let j = first; j < first + size; j++) dot += query[j] * key[D + j];
          return dot / Math.sqrt(size) + (hides(t, s) ? -10_000 : 0);
        });
        const parts = scores.map((score) => Math.exp(score - Math.max(...scores)));
        const total = parts.reduce((sum, part) => sum + part, 0);
        return parts.reduce((sum, part, s) => sum + (part / total) * joined[s][2 * D + i], 0);
      }),
    );
    return this.linear(mixed, `${block}/output`);
  }

  /** norm(x + attention), norm(x + feed-forward). @param hides as in `attend` */
  protected postNormBlock(
    x: Rows,
    block: string,
    numHeads: number,
    { hides, activate }: { hides(t: number, s: number): boolean; activate(x: number): number },
  ): Rows {
    const y = this.norm(plus(x, this.attend(x, block, numHeads, hides)), `${block}/attentionNorm`);
    const inner = this.linear(y, `${block}/inner`).map((row) => row.map(activate));
    return this.norm(plus(y, this.linear(inner, `${block}/outer`)), `${block}/feedForwardNorm`);
  }

  protected linear(x: Rows, name: string): Rows {
    const [weight, bias] = [this.matrix(name), this.vector(`${name}Bias`)];
    return x.map((row) =>
      bias.map((start, j) => row.reduce((sum, value, i) => sum + value * weight[i][j], start)),
    );
  }

  protected norm(x: Rows, name: string): Rows {
    const [gain, bias] = [this.vector(`${name}/gain`), this.vector(`${name}/bias`)];
    return x.map((row) => {
      const mean = row.reduce((sum, value) => sum + value, 0) / row.length;
      const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / row.length;
      return row.map((value, i) => ((value - mean) / Math.sqrt(variance + 1e-5)) * gain[i] + bias[i]);
    });
  }

  protected matrix(name: string): Rows {
    return weightOf(this.world.parameters, `backbone/${name}`).variable.arraySync() as Rows;
  }

  protected vector(name: string): number[] {
    return weightOf(this.world.parameters, `backbone/${name}`).variable.arraySync() as number[];
  }
}
