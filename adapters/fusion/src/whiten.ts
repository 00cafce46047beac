/**
 * Whitening of title vectors: the directions of largest variance, each scaled to variance 1. A language model's text
 * vectors lie in a narrow cone with a few huge directions; without whitening those drown the rest.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Random } from '@coco-rec/core';
import { Matrix } from 'ml-matrix';
import { orthonormalise, symmetricEigen } from './linear-algebra.js';

const blockRows = 4096;
/** Up to this width all directions are computed at once. */
const directWidth = 256;
/** More directions than wanted are iterated, which settles the wanted ones sooner. */
const oversampling = 16;
const iterations = 12;

export interface VectorTable {
  /** [count·width] */
  readonly values: Float32Array;
  readonly count: number;
  readonly width: number;
}

/**
 * @param table rows with mean zero @param used 1 for rows that count; the others come out as zero
 * @param width dimensions wanted; at most the table's width come out
 * @returns [count, min(width, table's width)], each dimension of variance 1, or 0 where the table has no more
 * dimensions. Deterministic by `random`.
 */
export async function whiten(
  table: VectorTable,
  used: Uint8Array,
  width: number,
  random: Random,
): Promise<VectorTable> {
  const H = table.width;
  const kept = Math.min(width, H);
  const covariance = await covarianceOf(table, used);
  const projection = await principalProjection(covariance, H, kept, random);
  return project(table, projection, kept);
}

/** Every row times the projection. @param projection [H·kept] @returns [count, kept] */
export async function project(
  { values: all, count, width: H }: VectorTable,
  projection: Float32Array,
  kept: number,
): Promise<VectorTable> {
  const values = new Float32Array(count * kept);
  for (let start = 0; start < count; start += blockRows) {
    const rows = Math.min(blockRows, count - start);
    const block = all.subarray(start * H, (start + rows) * H);
    const result = tf.tidy(() =>
      tf.matMul(tf.tensor2d(block, [rows, H]), tf.tensor2d(projection, [H, kept])),
    );
    values.set(await result.data(), start * kept);
    result.dispose();
  }
  return { values, count, width: kept };
}

/** Rows that do not count are zero, so they add nothing. @returns [H·H] */
export async function covarianceOf(
  { values, count, width }: VectorTable,
  used: Uint8Array,
): Promise<Float32Array> {
  const rows = Math.max(
    1,
    used.reduce((a, b) => a + b, 0),
  );
  const sum = tf.tidy(() => {
    let total: tf.Tensor = tf.zeros([width, width]);
    for (let start = 0; start < count; start += blockRows) {
      total = tf.tidy(() => {
        const end = Math.min(count, start + blockRows);
        const block = tf.tensor2d(values.subarray(start * width, end * width), [end - start, width]);
        return tf.add(total, tf.matMul(block, block, true, false)); // [H, H]
      });
    }
    return tf.div(total, rows);
  });
  const result = Float32Array.from(await sum.data());
  sum.dispose();
  return result;
}

/** @returns [H·width], the whitening projection */
async function principalProjection(
  covariance: Float32Array,
  H: number,
  width: number,
  random: Random,
): Promise<Float32Array> {
  const { values, vectors } =
    H <= directWidth
      ? symmetricEigen(covariance, H)
      : await largestEigen(covariance, H, Math.min(H, width + oversampling), random);
  const projection = new Float32Array(H * width);
  for (let w = 0; w < width; w++) {
    const scale = values[w] > 1e-6 * values[0] ? 1 / Math.sqrt(values[w]) : 0;
    for (let h = 0; h < H; h++) projection[h * width + w] = vectors[w * H + h] * scale;
  }
  return projection;
}

/** The k largest, by subspace iteration with a Rayleigh–Ritz step. @returns vectors [k·H] */
async function largestEigen(
  covariance: Float32Array,
  H: number,
  k: number,
  random: Random,
): Promise<{ values: Float64Array; vectors: Float64Array }> {
  let basis = Float64Array.from({ length: k * H }, () => random.normal()); // rows are directions
  const steps = k < H ? iterations : 0;
  for (let i = 0; i < steps; i++) {
    orthonormalise(basis, k, H, 1);
    basis = await timesCovariance(basis, covariance, k, H);
  }
  orthonormalise(basis, k, H);
  const moved = await timesCovariance(basis, covariance, k, H);
  const inside = Matrix.from1DArray(k, H, basis);
  const { values, vectors } = symmetricEigen(
    inside.mmul(Matrix.from1DArray(k, H, moved).transpose()).to1DArray(),
    k,
  );
  return { values, vectors: Float64Array.from(Matrix.from1DArray(k, k, vectors).mmul(inside).to1DArray()) };
}

async function timesCovariance(
  rows: Float64Array,
  covariance: Float32Array,
  k: number,
  H: number,
): Promise<Float64Array<ArrayBuffer>> {
  const product = tf.tidy(() =>
    tf.matMul(tf.tensor2d(Float32Array.from(rows), [k, H]), tf.tensor2d(covariance, [H, H])),
  );
  const result = Float64Array.from(await product.data());
  product.dispose();
  return result;
}
