/** The four losses of S3-Rec's pre-training, each against its formula in plain numbers. */
import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import {
  type Dataset,
  DatasetBuilder,
  Parameters,
  Pass,
  type PreparedBatch,
  Random,
  disposeBatch,
  makeBatch,
  paddingMask,
  trainingSequences,
} from '@coco-rec/core';
import { bertEncode, buildBertEncoder, tokenVectors } from './layers/bert-encoder.js';
import { type MaskedBatch, drawOther, drawSegments, maskedBatch } from './layers/self-supervision.js';
import { s3rec } from './s3rec.js';
import { type SmallWorld, assertClose, smallWorld, weightOf } from './small-world.test.js';

type Part = 'aap' | 'mip' | 'map' | 'sp';
type Parts = Readonly<Record<Part, number>>;

const small = { dimension: 8, maxLength: 6, numLayers: 2, numHeads: 2, dropout: 0, maskRatio: 0.3 };
const own = 'backbone/preTrain';

/** Each has all items but one, which is then the only wrong one; the last two are held out. */
const histories = [
  [1, 2, 3, 4, 5, 6, 1, 1],
  [7, 2, 5, 3, 6, 4, 2, 2],
  [3, 1, 7, 1, 2, 5, 6, 3, 3],
  [6, 5, 4, 3, 1, 7, 4, 4],
];
const lacking = [7, 1, 4, 2];
const attributes = [['red', 'old'], [], ['old'], ['red'], ['new', 'red'], ['blue'], ['new', 'old']];

function nearlyAll(): Dataset {
  const builder = new DatasetBuilder();
  for (let item = 1; item <= 7; item++) builder.addItem(`item${item}`);
  histories.forEach((history, user) =>
    history.forEach((item, time) => builder.addInteraction(`user${user}`, `item${item}`, time)),
  );
  attributes.forEach((names, i) => builder.describeItem(`item${i + 1}`, '', names));
  const hasher = { sha256: () => 'hash' };
  return builder.build({ name: 'nearly all', report: { counts: {}, warnings: [] }, hasher });
}

/** Runs `use` with a batch of pre-training. */
async function inPreTraining(
  { backbone, split }: SmallWorld,
  kind: 'histories' | 'prefixes',
  use: (batch: PreparedBatch, partsAt: (key: number) => Parts) => void,
): Promise<void> {
  const [{ rows, loss }] = backbone.stages();
  assert.ok(rows && loss);
  const options = { maxLength: 6, phase: 'train', rows, random: new Random(6) } as const;
  const batch = await backbone.prepare(makeBatch(trainingSequences(split, kind).slice(0, 40), options));
  use(batch, (key) =>
    tf.tidy(() => {
      const { parts } = loss(batch, Pass.train(key));
      const of = (part: Part): number => parts[part].dataSync()[0];
      return { aap: of('aap'), mip: of('mip'), map: of('map'), sp: of('sp') };
    }),
  );
  disposeBatch(batch);
}

function zero(parameters: Parameters, ...names: string[]): void {
  for (const name of names) {
    const { variable } = weightOf(parameters, `${own}/${name}`);
    tf.tidy(() => variable.assign(tf.zerosLike(variable) as typeof variable));
  }
}

const matrixOf = (parameters: Parameters, name: string): number[][] =>
  (weightOf(parameters, name).variable as unknown as tf.Tensor2D).arraySync();
const dot = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, x, i) => sum + x * b[i], 0);
const sumOf = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const softplus = (x: number): number => Math.log1p(Math.exp(x));

/** What one loss's own linear layer makes of a state. */
function through(parameters: Parameters, part: Part, state: readonly number[]): number[] {
  const weight = matrixOf(parameters, `${own}/${part}/weight`);
  const bias = Array.from(weightOf(parameters, `${own}/${part}/bias`).variable.dataSync());
  return bias.map((b, j) => b + sumOf(state.map((x, i) => x * weight[i][j])));
}

/** States of sequences that see both ways, by an encoder of its own with the same weights. @returns [B][T][D] */
function bothWays(
  { backbone, parameters }: SmallWorld,
  items: Int32Array,
  lengths: Int32Array,
  length: number,
): number[][][] {
  const copies = new Parameters(new Random(1), 'backbone/');
  const encoder = buildBertEncoder(copies, { ...small, feedForwardFactor: 4, positions: 7 });
  for (const { name, variable } of copies.entries()) variable.assign(weightOf(parameters, name).variable);
  const states = tf.tidy(() => {
    const ids = tf.tensor2d(items, [lengths.length, length], 'int32');
    const vectors = tokenVectors(encoder, ids, backbone.itemVectors());
    const options = { numHeads: 2, dropout: 0, attentionDropout: 0, pass: Pass.predict };
    return bertEncode(encoder, vectors, { ...options, mask: paddingMask(lengths, length) }).arraySync();
  });
  copies.dispose();
  return states;
}

/** Sum of AAP or MAP over the places that it asks of. */
function attributeSum(
  { parameters, split }: SmallWorld,
  part: 'aap' | 'map',
  asked: readonly (readonly [state: readonly number[], item: number])[],
): number {
  const table = matrixOf(parameters, `${own}/attributes`);
  const { offsets, values } = split.dataset.attributes ?? assert.fail('no attributes');
  return sumOf(
    asked.flatMap(([state, item]) => {
      const has = [...values.subarray(offsets[item], offsets[item + 1])];
      const query = through(parameters, part, state);
      return table.map((vector, a) => softplus((has.includes(a + 1) ? -1 : 1) * dot(query, vector)));
    }),
  );
}

/** −log σ of the right one's score less the wrong one's. */
const pairTerm = (query: readonly number[], right: readonly number[], wrong: readonly number[]): number =>
  softplus(dot(query, wrong) - dot(query, right));

/** Sum of SP over the segments that a stream draws. */
function segmentSum(world: SmallWorld, { whole }: MaskedBatch, random: Random): number {
  const { lengths, ...kinds } = drawSegments(whole, random);
  assert.equal(lengths.length, whole.batchSize);
  const lastOf = (items: Int32Array): number[][] =>
    bothWays(world, items, lengths, whole.length).map((states, n) => states[lengths[n] - 1]);
  const [context, right, wrong] = [kinds.context, kinds.right, kinds.wrong].map(lastOf);
  return sumOf(
    context.map((state, n) => pairTerm(through(world.parameters, 'sp', state), right[n], wrong[n])),
  );
}

describe('the losses of S3-Rec', () => {
  before(() => tf.setBackend('cpu'));

  it('are their formulas, over the number of hidden items', async () => {
    const world = smallWorld(s3rec, small, { dataset: nearlyAll() });
    const { backbone, parameters } = world;
    await inPreTraining(world, 'histories', (batch, partsAt) => {
      const masked = maskedBatch(batch);
      const { whole, hidden } = masked;
      const T = whole.length;
      assert.deepEqual([whole.batchSize, T, ...whole.lengths], [4, 7, 6, 6, 7, 6]);
      const states = bothWays(world, hidden, whole.lengths, T).flat();
      const isReal = (place: number): boolean => place % T < whole.lengths[Math.floor(place / T)];
      const places = [...hidden.keys()].filter(isReal);
      const asked = (kept: (place: number) => boolean) =>
        places.filter(kept).map((place) => [states[place], whole.items[place], place] as const);
      const hiddenOnes = asked((place) => hidden[place] === 0);
      const seenOnes = asked((place) => hidden[place] > 0);
      assert.ok(hiddenOnes.length > 4 && seenOnes.length > hiddenOnes.length);
      const items = tf.tidy(() => backbone.itemVectors().block(0, 8).arraySync());
      const itemTerms = hiddenOnes.map(([state, item, place]) => {
        const wrong = lacking[whole.users[Math.floor(place / T)]];
        return pairTerm(through(parameters, 'mip', state), items[item], items[wrong]);
      });
      const random = new Random(Pass.train(3).nextKey());
      const sums = [
        attributeSum(world, 'aap', seenOnes.map(([state, item]) => [state, item] as const)), // prettier-ignore
        sumOf(itemTerms),
        attributeSum(world, 'map', hiddenOnes.map(([state, item]) => [state, item] as const)), // prettier-ignore
        segmentSum(world, masked, random.derive('segments')),
      ];
      const { aap, mip, map, sp } = partsAt(3);
      const expected = sums.map((sum) => sum / hiddenOnes.length);
      assertClose([aap, mip, map, sp], expected, 1e-4);
    });
    parameters.dispose();
  });

  it('are ln 2 for each question whose score is 0', async () => {
    const world = smallWorld(s3rec, small);
    zero(world.parameters, 'attributes', 'mip/weight', 'mip/bias', 'sp/weight', 'sp/bias');
    const A = world.split.dataset.attributes?.count ?? assert.fail('no attributes');
    await inPreTraining(world, 'prefixes', (batch, partsAt) => {
      const { places, seen } = maskedBatch(batch);
      const { aap, mip, map, sp } = partsAt(3);
      assert.ok(places.length > batch.batchSize && places.length !== seen.length);
      const counts = [(A * seen.length) / places.length, 1, A, batch.batchSize / places.length];
      assertClose([aap, mip, map, sp], counts.map((count) => count * Math.LN2), 1e-4); // prettier-ignore
    });
    world.parameters.dispose();
  });

  it('ask by heads of their own', async () => {
    for (const part of ['aap', 'mip', 'map', 'sp'] as const) {
      const world = smallWorld(s3rec, small);
      await inPreTraining(world, 'prefixes', (_, partsAt) => {
        const before = partsAt(3);
        zero(world.parameters, `${part}/weight`, `${part}/bias`);
        const after = partsAt(3);
        for (const other of ['aap', 'mip', 'map', 'sp'] as const)
          assert.equal(after[other] === before[other], other !== part, `${other} by the head of ${part}`);
      });
      world.parameters.dispose();
    }
  });

  it('draw other items and segments at other steps, and the same ones at the same step', async () => {
    const world = smallWorld(s3rec, small);
    await inPreTraining(world, 'prefixes', (_, partsAt) => {
      const [first, again, other] = [partsAt(1), partsAt(1), partsAt(2)];
      assert.deepEqual(again, first);
      assert.deepEqual([other.aap, other.map], [first.aap, first.map]); // without dropout they draw nothing
      assert.notEqual(other.mip, first.mip);
      assert.notEqual(other.sp, first.sp);
    });
    world.parameters.dispose();
  });
});

describe('the draws of S3-Rec', () => {
  it('take any item that a sequence has not, never one that it has', () => {
    for (let seed = 0; seed < 100; seed++) {
      for (const other of [1, 3, 5]) {
        const had = Int32Array.of(1, 2, 3, 4, 5).filter((item) => item !== other);
        assert.equal(drawOther(had, 5, new Random(seed)), other);
      }
    }
    const random = new Random(1);
    const drawn = new Set(Array.from({ length: 200 }, () => drawOther(Int32Array.of(2), 5, random)));
    assert.deepEqual([...drawn].sort(), [1, 3, 4, 5]);
  });

  it('take segments of every size up to half of a sequence, from its first place to its last', () => {
    const items = Int32Array.from({ length: 12 }, (_, i) => i + 1);
    const tokens = {
      batchSize: 2,
      length: 6,
      items,
      lengths: Int32Array.of(6, 6),
      users: Int32Array.of(0, 1),
    };
    const drawn = new Set<string>();
    for (let seed = 0; seed < 200; seed++) {
      const right = [...drawSegments(tokens, new Random(seed)).right.subarray(0, 6)];
      const size = right.filter((item) => item > 0).length;
      drawn.add(`${size} from ${right.findIndex((item) => item > 0)}`);
    }
    const all = [1, 2, 3].flatMap((size) =>
      Array.from({ length: 7 - size }, (_, start) => `${size} from ${start}`),
    );
    assert.deepEqual([...drawn].sort(), all);
  });
});
