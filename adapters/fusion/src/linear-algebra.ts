/** Small dense linear algebra in float64, for what is computed once: matrices are row-major. */
import { CholeskyDecomposition, EigenvalueDecomposition, Matrix } from 'ml-matrix';

/**
 * Makes the rows orthonormal (modified Gram–Schmidt); a row that depends on those before it becomes zero.
 * @param passes 2: to the last digits; 1: as far as steps of an iteration need
 */
export function orthonormalise(rows: Float64Array, count: number, length: number, passes: 1 | 2 = 2): void {
  const row = (i: number): Float64Array => rows.subarray(i * length, (i + 1) * length);
  for (let pass = 0; pass < passes; pass++) {
    const before = Array.from({ length: count }, (_, i) => Math.sqrt(dot(row(i), row(i))));
    for (let i = 0; i < count; i++) {
      const own = row(i);
      const norm = Math.sqrt(dot(own, own));
      const scale = norm > 1e-9 * before[i] ? 1 / norm : 0;
      for (let n = 0; n < length; n++) own[n] *= scale;
      let j = i + 1;
      for (; j + 3 < count; j += 4) removeFromFour(own, row(j), row(j + 1), row(j + 2), row(j + 3));
      for (; j < count; j++) removeFrom(own, row(j));
    }
  }
}

/** other −= (other · own) own. */
function removeFrom(own: Float64Array, other: Float64Array): void {
  const along = dot(other, own);
  for (let n = 0; n < own.length; n++) other[n] -= along * own[n];
}

/** The same for four: a sum of products waits for itself, four sums do not wait for each other. */
function removeFromFour(
  own: Float64Array,
  a: Float64Array,
  b: Float64Array,
  c: Float64Array,
  d: Float64Array,
): void {
  let [alongA, alongB, alongC, alongD] = [0, 0, 0, 0];
  for (let n = 0; n < own.length; n++) {
    const value = own[n];
    alongA += a[n] * value;
    alongB += b[n] * value;
    alongC += c[n] * value;
    alongD += d[n] * value;
  }
  for (let n = 0; n < own.length; n++) {
    const value = own[n];
    a[n] -= alongA * value;
    b[n] -= alongB * value;
    c[n] -= alongC * value;
    d[n] -= alongD * value;
  }
}

export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** Eigenvalues, largest first, and eigenvectors (as rows) of a symmetric matrix. @param matrix [n·n] */
export function symmetricEigen(
  matrix: ArrayLike<number>,
  n: number,
): { values: Float64Array; vectors: Float64Array } {
  const { realEigenvalues: values, eigenvectorMatrix: columns } = new EigenvalueDecomposition(
    Matrix.from1DArray(n, n, matrix),
    { assumeSymmetric: true },
  );
  const order = values.map((_, i) => i).sort((a, b) => values[b] - values[a]);
  const vectors = new Float64Array(n * n);
  order.forEach((from, to) => vectors.set(columns.getColumn(from), to * n));
  return { values: Float64Array.from(order, (i) => values[i]), vectors };
}

/**
 * Ridge regression Y ≈ X W: W = (XᵀX + λ N I)⁻¹ XᵀY, by Cholesky factors.
 * @param x [N·D] @param y [N·H] @param lambda relative to N @returns W [D·H]
 */
export function ridgeRegression(
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  sizes: { N: number; D: number; H: number },
  lambda: number,
): Float32Array {
  const { N, D, H } = sizes;
  const gram = new Float64Array(D * D);
  const solution = new Float64Array(D * H);
  for (let n = 0; n < N; n++) {
    for (let i = 0; i < D; i++) {
      const value = x[n * D + i];
      for (let j = 0; j <= i; j++) gram[i * D + j] += value * x[n * D + j];
      for (let h = 0; h < H; h++) solution[i * H + h] += value * y[n * H + h];
    }
  }
  for (let i = 0; i < D; i++) gram[i * D + i] += lambda * N;
  for (let i = 0; i < D; i++) for (let j = i + 1; j < D; j++) gram[i * D + j] = gram[j * D + i];
  const solved = new CholeskyDecomposition(Matrix.from1DArray(D, D, gram)).solve(
    Matrix.from1DArray(D, H, solution),
  );
  return Float32Array.from(solved.to1DArray());
}

/**
 * L⁻¹ of the Cholesky factor of a symmetric positive definite matrix A = L Lᵀ, so that L⁻¹ A L⁻ᵀ = 1.
 * @param matrix [n·n], is overwritten by L @returns [n·n], lower triangular
 */
export function choleskyInverse(matrix: Float64Array, n: number): Float64Array {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i * n + j];
      for (let k = 0; k < j; k++) sum -= matrix[i * n + k] * matrix[j * n + k];
      matrix[i * n + j] = i === j ? Math.sqrt(sum) : sum / matrix[j * n + j];
    }
  }
  const inverse = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) {
      let sum = 0;
      for (let k = j; k < i; k++) sum -= matrix[i * n + k] * inverse[k * n + j];
      inverse[i * n + j] = sum / matrix[i * n + i];
    }
    inverse[i * n + i] = 1 / matrix[i * n + i];
  }
  return inverse;
}
