/** Where the codebook starts, and how dead prompts come back to life. Done once or once an epoch, outside any tape. */
import * as tf from '@tensorflow/tfjs-core';
import type { Random, WarmStates } from '@coco-rec/core';
import type { ItemText } from '../item-text.js';
import { isDescribed } from '../item-text.js';
import { dot, ridgeRegression } from '../linear-algebra.js';
import { type Codebook, ofNorm } from './codebook.js';

/** λ of the ridge regression, relative to the number of users (states have mean square 1). */
const ridge = 0.01;
const kMeansIterations = 10;

/**
 * Fits W_e: ridge regression of the user states on the user's mean centred title vector. The mean over users is taken
 * out of the titles as well, or every query would point at what is popular.
 */
export function fitProjection(codebook: Codebook, text: ItemText, { states, histories }: WarmStates): void {
  const { dimension: D, hiddenSize: H } = codebook.shape;
  const users = histories
    .map((_, n) => n)
    .filter((n) => histories[n].some((item) => isDescribed(text, item)));
  if (users.length === 0) return;
  const x = new Float32Array(users.length * D);
  const y = new Float32Array(users.length * H);
  users.forEach((user, n) => {
    x.set(unitSquare(states.subarray(user * D, (user + 1) * D)), n * D);
    y.set(meanTitle(text, histories[user]), n * H);
  });
  const mean = new Float64Array(H);
  for (let i = 0; i < y.length; i++) mean[i % H] += y[i] / users.length;
  for (let i = 0; i < y.length; i++) y[i] -= mean[i % H];
  const weights = ridgeRegression(x, y, { N: users.length, D, H }, ridge);
  tf.tidy(() => codebook.projection.assign(tf.tensor2d(weights, [D, H])));
}

/** Puts the queries' mean at 0, or all would come to point one way. */
export function centreQueries(codebook: Codebook, { states, histories }: WarmStates): void {
  if (histories.length === 0) return;
  const shape: [number, number] = [histories.length, codebook.shape.dimension];
  tf.tidy(() => codebook.centre.assign(tf.mean(codebook.read(tf.tensor2d(states, shape)).raw, 0, true)));
}

/** RMS norm of one state. */
function unitSquare(state: Float32Array): Float32Array {
  const scale = 1 / Math.sqrt(dot(state, state) / state.length + 1e-6);
  return state.map((value) => value * scale);
}

function meanTitle(text: ItemText, history: Int32Array): Float32Array {
  const H = text.hiddenSize;
  const mean = new Float32Array(H);
  const items = history.filter((item) => isDescribed(text, item));
  for (const item of items)
    for (let h = 0; h < H; h++) mean[h] += text.table.values[item * H + h] / items.length;
  return mean;
}

/** Unit queries of user states. @returns [N·H] */
async function queriesOf(codebook: Codebook, { states, histories }: WarmStates): Promise<Float32Array> {
  if (histories.length === 0) return new Float32Array();
  const queries = tf.tidy(
    () => codebook.read(tf.tensor2d(states, [histories.length, codebook.shape.dimension])).queries,
  );
  const values = Float32Array.from(await queries.data());
  queries.dispose();
  return values;
}

/** The codebook becomes the k-means centres of the queries, at the norm of token embeddings. */
export async function startFromQueries(
  codebook: Codebook,
  sample: WarmStates,
  random: Random,
): Promise<void> {
  const { hiddenSize: H, norm } = codebook.shape;
  const { size } = codebook.settings;
  const queries = await queriesOf(codebook, sample);
  if (queries.length === 0) return;
  const centres = await sphericalKMeans(queries, H, size, random);
  tf.tidy(() => codebook.vectors.assign(tf.tensor2d(ofNorm(centres, H, norm), [size, H])));
}

/** Spherical k-means from k-means++ seeds. @param points unit vectors [N·H] @returns [K·H] */
export async function sphericalKMeans(
  points: Float32Array,
  H: number,
  K: number,
  random: Random,
): Promise<Float32Array> {
  const N = points.length / H;
  const at = (n: number): Float32Array => points.subarray(n * H, (n + 1) * H);
  let centres = seedCentres(points, H, K, random);
  for (let i = 0; i < kMeansIterations; i++) {
    const similarity = await products(points, centres, H);
    const sums = new Float32Array(K * H);
    const sizes = new Int32Array(K);
    const fit = new Float32Array(N);
    for (let n = 0; n < N; n++) {
      const own = similarity.subarray(n * K, (n + 1) * K);
      const best = own.reduce((a, value, k) => (value > own[a] ? k : a), 0);
      fit[n] = own[best];
      sizes[best]++;
      at(n).forEach((value, h) => (sums[best * H + h] += value));
    }
    const worst = Array.from(fit.keys()).sort((a, b) => fit[a] - fit[b]);
    sizes.forEach((size, k) => {
      if (size === 0)
        sums.set(
          worst.length > 0 && N > K ? at(worst.shift() ?? 0) : centres.subarray(k * H, (k + 1) * H),
          k * H,
        );
    });
    centres = ofNorm(sums, H, 1);
  }
  return centres;
}

/** k-means++ seeds; random directions where there are fewer points than centres. */
function seedCentres(points: Float32Array, H: number, K: number, random: Random): Float32Array {
  const N = points.length / H;
  const centres = Float32Array.from({ length: K * H }, () => random.normal());
  const distance = new Float32Array(N).fill(1);
  for (let k = 0; k < Math.min(K, N); k++) {
    let left = random.uniform() * distance.reduce((a, b) => a + b, 0);
    let n = 0;
    while (n < N - 1 && (left -= distance[n]) > 0) n++;
    if (distance[n] <= 1e-6) break; // every point has its centre
    const chosen = points.subarray(n * H, (n + 1) * H);
    centres.set(chosen, k * H);
    for (let i = 0; i < N; i++) {
      distance[i] = Math.min(distance[i], Math.max(0, 1 - dot(points.subarray(i * H, (i + 1) * H), chosen)));
    }
  }
  return ofNorm(centres, H, 1);
}

/** @returns [N·K] */
async function products(points: Float32Array, centres: Float32Array, H: number): Promise<Float32Array> {
  const result = tf.tidy(() =>
    tf.matMul(
      tf.tensor2d(points, [points.length / H, H]),
      tf.tensor2d(centres, [centres.length / H, H]),
      false,
      true,
    ),
  );
  const values = Float32Array.from(await result.data());
  result.dispose();
  return values;
}

/**
 * Puts prompts that nobody selected at live queries that lie far from all prompts in use.
 * @param usage [K] selections in the epoch @returns how many prompts were moved
 */
export async function reseedDead(
  codebook: Codebook,
  usage: Float64Array,
  sample: WarmStates,
): Promise<number> {
  const { hiddenSize: H } = codebook.shape;
  const dead = Array.from(usage.keys()).filter((k) => usage[k] === 0);
  if (dead.length === 0 || dead.length === usage.length) return 0;
  const queries = await queriesOf(codebook, sample);
  const values = Float32Array.from(await codebook.vectors.data());
  const live = Array.from(usage.keys()).filter((k) => usage[k] > 0);
  const { mean, radius, directions } = liveDirections(values, H, live, codebook.shape.norm);
  const similarity = await products(queries, directions, H);
  const nearest = Array.from({ length: queries.length / H }, (_, n) =>
    similarity.subarray(n * live.length, (n + 1) * live.length).reduce((a, b) => Math.max(a, b), -1),
  );
  const moved = dead.slice(0, nearest.length);
  for (const k of moved) {
    const n = nearest.reduce((a, value, i) => (value < nearest[a] ? i : a), 0);
    const query = queries.slice(n * H, (n + 1) * H);
    query.forEach((value, h) => (values[k * H + h] = mean[h] + radius * value));
    nearest.forEach(
      (value, i) => (nearest[i] = Math.max(value, dot(queries.subarray(i * H, (i + 1) * H), query))),
    );
  }
  tf.tidy(() => codebook.vectors.assign(tf.tensor2d(values, [usage.length, H])));
  return moved.length;
}

/** Mean of the live prompts, their mean distance from it, and their unit directions from it. */
function liveDirections(
  values: Float32Array,
  H: number,
  live: readonly number[],
  norm: number,
): { mean: Float64Array; radius: number; directions: Float32Array } {
  const mean = new Float64Array(H);
  for (const k of live) for (let h = 0; h < H; h++) mean[h] += values[k * H + h] / live.length;
  const centred = new Float32Array(live.length * H);
  live.forEach((k, i) => {
    for (let h = 0; h < H; h++) centred[i * H + h] = values[k * H + h] - mean[h];
  });
  const norms = live.map((_, i) =>
    Math.sqrt(dot(centred.subarray(i * H, (i + 1) * H), centred.subarray(i * H, (i + 1) * H))),
  );
  const distance = norms.reduce((a, b) => a + b, 0) / live.length;
  const radius = distance > 1e-3 * norm ? distance : norm; // a single live prompt is its own mean
  return { mean, radius, directions: ofNorm(centred, H, 1) };
}
