import assert from 'node:assert/strict';
import '@tensorflow/tfjs-backend-cpu';
import { Random } from '@coco-rec/core';
import { choleskyInverse, dot, orthonormalise, ridgeRegression, symmetricEigen } from './linear-algebra.js';
import { type VectorTable, whiten } from './whiten.js';

const gaussian = (count: number, seed: number): Float64Array => {
  const random = new Random(seed);
  return Float64Array.from({ length: count }, () => random.normal());
};

describe('linear algebra', () => {
  it('makes rows orthonormal and a dependent row zero', () => {
    const rows = gaussian(4 * 6, 1);
    rows.set(
      rows.subarray(0, 6).map((value, i) => 2 * value - rows[6 + i]),
      12,
    ); // the third depends on the first two
    orthonormalise(rows, 4, 6);
    const row = (i: number): Float64Array => rows.subarray(i * 6, (i + 1) * 6);
    assert.ok(row(2).every((value) => value === 0));
    for (const [i, j] of [
      [0, 1],
      [0, 3],
      [1, 3],
    ])
      assert.ok(Math.abs(dot(row(i), row(j))) < 1e-12);
    for (const i of [0, 1, 3]) assert.ok(Math.abs(dot(row(i), row(i)) - 1) < 1e-12);
  });

  it('spans the same by one pass, any number of rows', () => {
    for (const count of [1, 4, 5, 8, 11]) {
      const rows = gaussian(count * 12, count);
      const once = rows.slice();
      orthonormalise(rows, count, 12);
      orthonormalise(once, count, 12, 1);
      assert.ok(rows.every((value, i) => Math.abs(value - once[i]) < 1e-9));
      for (let i = 0; i < count; i++) {
        for (let j = 0; j <= i; j++) {
          const along = dot(rows.subarray(i * 12, (i + 1) * 12), rows.subarray(j * 12, (j + 1) * 12));
          assert.ok(Math.abs(along - (i === j ? 1 : 0)) < 1e-12, `${count} rows: ${i}, ${j}`);
        }
      }
    }
  });

  it('inverts the Cholesky factor: L⁻¹ A L⁻ᵀ is the unit matrix', () => {
    const n = 5;
    const root = gaussian(n * n, 3);
    const product = (a: Float64Array, b: Float64Array): Float64Array =>
      Float64Array.from({ length: n * n }, (_, at) => {
        const [i, j] = [Math.floor(at / n), at % n];
        return Array.from({ length: n }, (_, k) => a[i * n + k] * b[j * n + k]).reduce((x, y) => x + y);
      }); // a bᵀ
    const matrix = product(root, root);
    const inverse = choleskyInverse(matrix.slice(), n);
    const unit = product(product(inverse, matrix), inverse);
    unit.forEach((value, at) => assert.ok(Math.abs(value - (at % (n + 1) === 0 ? 1 : 0)) < 1e-9));
    for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) assert.equal(inverse[i * n + j], 0);
  });

  it('finds eigenvalues and eigenvectors', () => {
    const n = 7;
    const root = gaussian(n * n, 2);
    const matrix = new Float64Array(n * n);
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++)
        for (let k = 0; k < n; k++) matrix[i * n + j] += root[i * n + k] * root[j * n + k];
    const { values, vectors } = symmetricEigen(matrix.slice(), n);
    for (let e = 0; e < n; e++) {
      if (e > 0) assert.ok(values[e] <= values[e - 1]);
      const vector = vectors.subarray(e * n, (e + 1) * n);
      for (let i = 0; i < n; i++) {
        assert.ok(Math.abs(dot(matrix.subarray(i * n, (i + 1) * n), vector) - values[e] * vector[i]) < 1e-9);
      }
    }
  });

  it('solves ridge regression: the residual is orthogonal to the inputs but for the ridge', () => {
    const [N, D, H, lambda] = [40, 5, 3, 0.1];
    const x = gaussian(N * D, 3);
    const y = gaussian(N * H, 4);
    const w = ridgeRegression(x, y, { N, D, H }, lambda);
    for (let d = 0; d < D; d++) {
      for (let h = 0; h < H; h++) {
        let along = 0;
        for (let n = 0; n < N; n++) {
          let guess = 0;
          for (let k = 0; k < D; k++) guess += x[n * D + k] * w[k * H + h];
          along += x[n * D + d] * (y[n * H + h] - guess);
        }
        assert.ok(Math.abs(along - lambda * N * w[d * H + h]) < 1e-4);
      }
    }
  });
});

describe('whiten', () => {
  const [N, H] = [300, 24];
  const values = new Float32Array(N * H);
  const noise = gaussian(N * H, 5);
  const used = new Uint8Array(N).fill(1);
  used[0] = 0;
  // Column scales from 10 down to 0.1; row 0 does not count and is zero.
  for (let n = 1; n < N; n++)
    for (let h = 0; h < H; h++) values[n * H + h] = noise[n * H + h] * 10 ** (1 - (2 * h) / (H - 1));
  for (let h = 0; h < H; h++) {
    let mean = 0;
    for (let n = 1; n < N; n++) mean += values[n * H + h] / (N - 1);
    for (let n = 1; n < N; n++) values[n * H + h] -= mean;
  }
  const table = { values, count: N, width: H };

  it('gives directions of variance 1 without correlation, and zero for rows that do not count', async () => {
    for (const width of [6, H, 2 * H]) {
      const result = await whiten(table, used, width, new Random(1));
      const w = Math.min(width, H);
      assert.equal(result.width, w);
      assert.ok(result.values.subarray(0, w).every((value) => value === 0));
      for (let i = 0; i < w; i++) {
        for (let j = 0; j < w; j++) {
          let sum = 0;
          for (let n = 1; n < N; n++) sum += (result.values[n * w + i] * result.values[n * w + j]) / (N - 1);
          assert.ok(Math.abs(sum - (i === j ? 1 : 0)) < 2e-2, `${width}: ${i},${j}: ${sum}`);
        }
      }
    }
  });

  it('keeps the directions of largest variance', async () => {
    const result = await whiten(table, used, 1, new Random(1));
    // The first column has by far the largest scale, so the one direction kept follows it.
    let sum = 0;
    let squares = 0;
    for (let n = 1; n < N; n++) {
      sum += result.values[n] * values[n * H];
      squares += values[n * H] ** 2;
    }
    assert.ok(Math.abs(sum) / Math.sqrt(squares * (N - 1)) > 0.95);
  });

  it('finds the same directions in a wide table, where it computes only those wanted', async () => {
    const wide = 300;
    const widened = new Float32Array(N * wide);
    for (let n = 0; n < N; n++) widened.set(values.subarray(n * H, (n + 1) * H), n * wide);
    const same = await whiten(table, used, 6, new Random(1));
    const result = await whiten({ values: widened, count: N, width: wide }, used, 6, new Random(1));
    for (let w = 0; w < 6; w++) {
      const column = ({ values: all }: VectorTable): Float32Array =>
        Float32Array.from({ length: N }, (_, n) => all[n * 6 + w]);
      const sign = Math.sign(dot(column(same), column(result)));
      column(result).forEach((value, n) => assert.ok(Math.abs(value * sign - column(same)[n]) < 1e-3));
    }
  });

  it('gives zero where the table has no more dimensions', async () => {
    const flat = values.map((value, i) => (i % H < 3 ? value : 0));
    const result = await whiten({ values: flat, count: N, width: H }, used, 8, new Random(1));
    for (let n = 0; n < N; n++)
      assert.ok(result.values.subarray(n * 8 + 3, n * 8 + 8).every((value) => value === 0));
  });
});
