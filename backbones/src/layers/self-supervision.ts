/**
 * What S3-Rec's pre-training loses on (Zhou et al., CIKM 2020, eq. 5 to 11): attributes of seen and of hidden items, hidden
 * items, hidden segments. All sums over rows, as in the authors' code.
 */
import * as tf from '@tensorflow/tfjs-core';
import {
  type ItemAttributes,
  type Parameters,
  type PreparedBatch,
  type Random,
  constant,
  linear,
  normal,
  withMaskPlace,
} from '@coco-rec/core';

/** The linear layer that a loss of its own puts on the states. */
export interface Head {
  readonly weight: tf.Variable;
  readonly bias: tf.Variable;
}

export function buildHead(parameters: Parameters, name: string, D: number): Head {
  return {
    weight: parameters.variable(`${name}/weight`, [D, D], normal(0.02)),
    bias: parameters.variable(`${name}/bias`, [D], constant(0), { weightDecay: false }),
  };
}

/**
 * Binary cross-entropy of every attribute of each row's item (AAP, MAP).
 * @param states [N, D] @param table of attributes [A, D] @param items [N] @returns the sum over rows and attributes
 */
export function attributeLoss(
  { weight, bias }: Head,
  states: tf.Tensor2D,
  table: tf.Tensor2D,
  items: Int32Array,
  { offsets, values }: ItemAttributes,
): tf.Scalar {
  const A = table.shape[0];
  const has = new Float32Array(items.length * A);
  items.forEach((item, n) => {
    for (let i = offsets[item]; i < offsets[item + 1]; i++) has[n * A + values[i] - 1] = 1;
  });
  const scores = tf.matMul(linear(states, weight, bias), table, false, true); // [N, A]
  const own = tf.mul(scores, tf.tensor2d(has, [items.length, A])); // [N, A]
  return tf.sum(tf.sub(tf.softplus(scores), own)); // −log σ(s) where it has the attribute, −log(1 − σ(s)) elsewhere
}

/**
 * −log σ(score of the right one − score of the wrong one) of each row (MIP, SP).
 * @param states [N, D] @param right [N, D] @param wrong [N, D] @returns the sum over rows
 */
export function pairLoss(
  { weight, bias }: Head,
  states: tf.Tensor2D,
  right: tf.Tensor2D,
  wrong: tf.Tensor2D,
): tf.Scalar {
  const context = linear(states, weight, bias); // [N, D]
  const difference = tf.sum(tf.mul(context, tf.sub(wrong, right)), 1); // [N]
  return tf.sum(tf.softplus(difference));
}

/** Token sequences, padded on the right; id 0 is a hidden item. */
export interface Tokens {
  readonly batchSize: number;
  readonly length: number;
  /** [B·T] */
  readonly items: Int32Array;
  /** [B] */
  readonly lengths: Int32Array;
  /** [B] */
  readonly users: Int32Array;
}

const mostTries = 100;

/** What one pre-training step reads. */
export interface MaskedBatch {
  /** The prefixes with their last items, nothing hidden. */
  readonly whole: Tokens;
  /** [B·T], the same with 0 where an item is hidden. */
  readonly hidden: Int32Array;
  /** Places of the hidden items in [B·T], and the items. */
  readonly places: Int32Array;
  readonly targets: Int32Array;
  /** Places of the other items, and the items. */
  readonly seenPlaces: Int32Array;
  readonly seen: Int32Array;
}

/** Puts the rows' targets back where they were hidden. */
export function maskedBatch(prepared: PreparedBatch): MaskedBatch {
  const { batchSize, length, items: hidden, lengths, rows } = withMaskPlace(prepared);
  const items = hidden.slice();
  const users = new Int32Array(batchSize);
  const places = rows.sequence.map((b, p) => b * length + rows.position[p]);
  places.forEach((place, p) => (items[place] = rows.target[p]));
  rows.sequence.forEach((b, p) => (users[b] = rows.user[p]));
  const seenPlaces = Int32Array.from(hidden.keys()).filter((place) => hidden[place] > 0);
  const seen = seenPlaces.map((place) => hidden[place]);
  return {
    whole: { batchSize, length, items, lengths, users },
    hidden,
    places,
    targets: rows.target,
    seenPlaces,
    seen,
  };
}

/** An item that is not among `own`; one of them if it is not found soon. */
export function drawOther(own: Int32Array, itemCount: number, random: Random): number {
  let item = 1 + random.integer(itemCount);
  for (let tries = 1; tries < mostTries && own.includes(item); tries++) item = 1 + random.integer(itemCount);
  return item;
}

/** Segments of S sequences, each [S·T]: what surrounds it, the segment itself, and one of another user in its place. */
export interface Segments {
  readonly lengths: Int32Array;
  readonly context: Int32Array;
  readonly right: Int32Array;
  readonly wrong: Int32Array;
}

/**
 * Draws a segment of up to half of each sequence, and a wrong one from where the sequences of the batch stand one after
 * another. Sequences of one item have no segment, nor have those that no other user's is found for.
 */
export function drawSegments(tokens: Tokens, random: Random): Segments {
  const { batchSize, length: T, items, lengths } = tokens;
  const { all, owners } = joined(tokens);
  const chosen: { b: number; start: number; size: number; from: number }[] = [];
  for (let b = 0; b < batchSize; b++) {
    if (lengths[b] < 2) continue;
    const size = 1 + random.integer(Math.floor(lengths[b] / 2));
    const start = random.integer(lengths[b] - size + 1);
    const from = foreignStart(owners, tokens.users[b], size, random);
    if (from !== undefined) chosen.push({ b, start, size, from });
  }
  const [context, right, wrong] = [0, 1, 2].map(() => new Int32Array(chosen.length * T));
  chosen.forEach(({ b, start, size, from }, n) => {
    const own = items.subarray(b * T, b * T + lengths[b]);
    context.set(own, n * T);
    context.fill(0, n * T + start, n * T + start + size);
    right.set(own.subarray(start, start + size), n * T + start);
    wrong.set(all.subarray(from, from + size), n * T + start);
  });
  return { lengths: Int32Array.from(chosen, ({ b }) => lengths[b]), context, right, wrong };
}

/** All items of a batch one after another, and whose each is. */
function joined({ batchSize, length, items, lengths, users }: Tokens): {
  all: Int32Array;
  owners: Int32Array;
} {
  const total = lengths.reduce((sum, count) => sum + count, 0);
  const [all, owners] = [new Int32Array(total), new Int32Array(total)];
  for (let b = 0, at = 0; b < batchSize; at += lengths[b++]) {
    all.set(items.subarray(b * length, b * length + lengths[b]), at);
    owners.fill(users[b], at, at + lengths[b]);
  }
  return { all, owners };
}

/** Where `size` items begin of which none is the user's. */
function foreignStart(owners: Int32Array, user: number, size: number, random: Random): number | undefined {
  for (let tries = 0; tries < mostTries && owners.length >= size; tries++) {
    const from = random.integer(owners.length - size + 1);
    if (!owners.subarray(from, from + size).includes(user)) return from;
  }
  return undefined;
}
