/**
 * Several views of the same titles side by side, each whitened first, so that the directions of largest variance of the
 * whole (`whiten`) are those that the views share: generalized canonical correlation in its MAXVAR form (Kettenring
 * 1971), with the covariances shrunk to their mean variance as in its regularised form (Tenenhaus 2011).
 */
import * as tf from '@tensorflow/tfjs-core';
import { type Random, scaledToOne } from '@coco-rec/core';
import { choleskyInverse } from './linear-algebra.js';
import { type VectorTable, covarianceOf, project, whiten } from './whiten.js';

/** Weight of the mean variance in each covariance: without it the faintest directions, mostly noise, count in full. */
const shrinkage = 0.03;

/** What a language model made of texts: rows are centred, those without a text zero. */
export interface ReadVectors {
  /** [count, H], the one vector of each text. */
  readonly table: VectorTable;
  /** What the model sees in each text besides, [count, H] a view; may be none. */
  readonly views: readonly VectorTable[];
  /** [count], 1 where there is a text. */
  readonly hasText: Uint8Array;
}

/**
 * Vectors for layers of the recommender's scale: of the views where there are several, else of `table`.
 * @param width whitened to at most this many dimensions; 0: all, scaled to mean square 1
 */
export async function textFeatures(
  { table: one, views, hasText }: ReadVectors,
  width: number,
  random: Random,
): Promise<VectorTable> {
  const table = views.length > 0 ? await joinViews(views, hasText) : one;
  if (width > 0) return whiten(table, hasText, width, random);
  const rows = hasText.reduce((a, b) => a + b, 0);
  return { ...table, values: scaledToOne(table.values, rows, table.width) };
}

/** @param views rows with mean zero @param used 1 for rows that count @returns [count, sum of the widths] */
export async function joinViews(views: readonly VectorTable[], used: Uint8Array): Promise<VectorTable> {
  const white = [];
  for (const view of views) white.push(await whitened(view, used));
  const { count } = views[0];
  const width = white.reduce((sum, view) => sum + view.width, 0);
  const values = new Float32Array(count * width);
  let at = 0;
  for (const view of white) {
    for (let n = 0; n < count; n++) {
      values.set(view.values.subarray(n * view.width, (n + 1) * view.width), n * width + at);
    }
    at += view.width;
  }
  return { values, count, width };
}

/** All dimensions, at variance 1 but for the shrinkage. @returns [count, H] */
async function whitened(view: VectorTable, used: Uint8Array): Promise<VectorTable> {
  const H = view.width;
  const covariance = Float64Array.from(await covarianceOf(view, used));
  let trace = 0;
  for (let h = 0; h < H; h++) trace += covariance[h * H + h] / H;
  for (let h = 0; h < H; h++) covariance[h * H + h] += shrinkage * trace + 1e-12;
  const inverse = choleskyInverse(covariance, H); // L⁻¹, rows
  const projection = tf.tidy(() => tf.transpose(tf.tensor2d(Float32Array.from(inverse), [H, H])).dataSync());
  return project(view, Float32Array.from(projection), H);
}
