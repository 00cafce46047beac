/** Small dense linear algebra in float64, for what is computed once: matrices are row-major. */

/** Makes the rows orthonormal (modified Gram–Schmidt, twice); a row that depends on those before it becomes zero. */
export function orthonormalise(rows: Float64Array, count: number, length: number): void {
  for (let i = 0; i < count; i++) {
    const row = rows.subarray(i * length, (i + 1) * length);
    const before = Math.sqrt(dot(row, row));
    for (let pass = 0; pass < 2; pass++) {
      for (let j = 0; j < i; j++) {
        const other = rows.subarray(j * length, (j + 1) * length);
        const along = dot(row, other);
        for (let n = 0; n < length; n++) row[n] -= along * other[n];
      }
    }
    const norm = Math.sqrt(dot(row, row));
    const scale = norm > 1e-9 * before && norm > 0 ? 1 / norm : 0;
    for (let n = 0; n < length; n++) row[n] *= scale;
  }
}

export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/**
 * Eigenvalues, largest first, and eigenvectors (as rows) of a symmetric matrix, by Jacobi rotations.
 * @param matrix [n·n], is overwritten
 */
export function symmetricEigen(
  matrix: Float64Array,
  n: number,
): { values: Float64Array; vectors: Float64Array } {
  const vectors = new Float64Array(n * n);
  for (let i = 0; i < n; i++) vectors[i * n + i] = 1;
  for (let sweep = 0; sweep < 30 && offDiagonal(matrix, n) > 1e-20; sweep++) {
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) rotate(matrix, vectors, n, p, q);
  }
  const order = Array.from({ length: n }, (_, i) => i).sort((a, b) => matrix[b * n + b] - matrix[a * n + a]);
  const sorted = new Float64Array(n * n);
  order.forEach((from, to) => sorted.set(vectors.subarray(from * n, (from + 1) * n), to * n));
  return { values: Float64Array.from(order, (i) => matrix[i * n + i]), vectors: sorted };
}

/** Squares off the diagonal, as a share of all squares. */
function offDiagonal(matrix: Float64Array, n: number): number {
  let off = 0;
  let all = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      const square = matrix[i * n + j] ** 2;
      all += square;
      if (i !== j) off += square;
    }
  }
  return all > 0 ? off / all : 0;
}

/** One Jacobi rotation that makes element (p, q) zero. */
function rotate(a: Float64Array, vectors: Float64Array, n: number, p: number, q: number): void {
  const apq = a[p * n + q];
  if (apq === 0) return;
  const theta = (a[q * n + q] - a[p * n + p]) / (2 * apq);
  const t = Math.sign(theta || 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const c = 1 / Math.sqrt(t * t + 1);
  const s = t * c;
  for (let k = 0; k < n; k++) {
    const akp = a[k * n + p];
    const akq = a[k * n + q];
    a[k * n + p] = c * akp - s * akq;
    a[k * n + q] = s * akp + c * akq;
  }
  turnRows(a, n, p, q, c, s);
  turnRows(vectors, n, p, q, c, s);
}

function turnRows(a: Float64Array, n: number, p: number, q: number, c: number, s: number): void {
  for (let k = 0; k < n; k++) {
    const apk = a[p * n + k];
    const aqk = a[q * n + k];
    a[p * n + k] = c * apk - s * aqk;
    a[q * n + k] = s * apk + c * aqk;
  }
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
  choleskySolve(gram, solution, D, H);
  return Float32Array.from(solution);
}

/** Solves A X = B for a positive definite A. @param a [D·D], the lower half; is overwritten @param b [D·H], becomes X */
export function choleskySolve(a: Float64Array, b: Float64Array, D: number, H: number): void {
  for (let i = 0; i < D; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i * D + j];
      for (let k = 0; k < j; k++) sum -= a[i * D + k] * a[j * D + k];
      a[i * D + j] = i === j ? Math.sqrt(sum) : sum / a[j * D + j];
    }
  }
  const subtract = (target: number, source: number, factor: number): void => {
    for (let h = 0; h < H; h++) b[target * H + h] -= factor * b[source * H + h];
  };
  const divide = (row: number, by: number): void => {
    for (let h = 0; h < H; h++) b[row * H + h] /= by;
  };
  for (let i = 0; i < D; i++) {
    for (let k = 0; k < i; k++) subtract(i, k, a[i * D + k]);
    divide(i, a[i * D + i]);
  }
  for (let i = D - 1; i >= 0; i--) {
    for (let k = i + 1; k < D; k++) subtract(i, k, a[k * D + i]);
    divide(i, a[i * D + i]);
  }
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
