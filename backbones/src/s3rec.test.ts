import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import {
  DatasetBuilder,
  Pass,
  Random,
  type Stage,
  UsageError,
  disposeBatch,
  makeBatch,
  readConfig,
  trainingSequences,
} from '@coco-rec/core';
import { type Tokens, attributeLoss, drawSegments, pairLoss } from './layers/self-supervision.js';
import { S3RecConfig, s3rec } from './s3rec.js';
import { type SmallWorld, assertClose, smallWorld, statesOf } from './small-world.test.js';

const small = { dimension: 8, maxLength: 6, numLayers: 1, dropout: 0 };

const matrix = (rows: number, columns: number, seed: number): number[][] => {
  const random = new Random(seed);
  return Array.from({ length: rows }, () => Array.from({ length: columns }, () => random.normal()));
};
const dot = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, x, i) => sum + x * b[i], 0);
const logSigmoid = (x: number): number => -Math.log1p(Math.exp(-x));
/** x · weight + bias */
const through = (x: readonly number[], weight: readonly number[][], bias: readonly number[]): number[] =>
  bias.map(
    (b, j) =>
      b +
      dot(
        x,
        weight.map((row) => row[j]),
      ),
  );

function preTraining({ backbone }: SmallWorld): Stage & Required<Pick<Stage, 'rows' | 'loss'>> {
  const [stage, ...others] = backbone.stages();
  const { rows, loss } = stage;
  assert.ok(rows && loss && others.length === 0);
  return { ...stage, rows, loss };
}

/** The loss parts of pre-training on the first prefixes of all users. */
async function lossParts(world: SmallWorld, key = 3): Promise<Record<string, number>> {
  const { rows, loss } = preTraining(world);
  const sequences = trainingSequences(world.split, 'prefixes').slice(0, 24);
  const options = { maxLength: 6, phase: 'train', rows, random: new Random(6) } as const;
  const batch = await world.backbone.prepare(makeBatch(sequences, options));
  const before = tf.memory().numTensors;
  const found = tf.tidy(() => {
    const { total, parts } = loss(batch, Pass.train(key));
    const named = Object.entries(parts).map(([name, value]) => [name, value.dataSync()[0]]);
    return { ...(Object.fromEntries(named) as Record<string, number>), total: total.dataSync()[0] };
  });
  assert.equal(tf.memory().numTensors, before);
  disposeBatch(batch);
  return found;
}

describe('S3-Rec', () => {
  before(() => tf.setBackend('cpu'));

  it('asks every attribute of every item: AAP and MAP', () => {
    const [states, table, weight] = [matrix(3, 4, 1), matrix(5, 4, 2), matrix(4, 4, 3)];
    const [bias] = matrix(1, 4, 4);
    // Of items 1 to 3: attributes 2 and 5, none, 1.
    const known = { offsets: Int32Array.of(0, 0, 2, 2, 3), values: Int32Array.of(2, 5, 1), count: 5 };
    const items = [1, 3, 2];
    const has = [[2, 5], [1], []];
    const expected = states.reduce((sum, state, n) => {
      const asked = through(state, weight, bias);
      const terms = table.map((vector, a) => {
        const score = dot(asked, vector);
        return has[n].includes(a + 1) ? -logSigmoid(score) : -logSigmoid(-score);
      });
      return sum + terms.reduce((a, b) => a + b, 0);
    }, 0);
    const found = tf.tidy(() => {
      const head = { weight: tf.variable(tf.tensor2d(weight)), bias: tf.variable(tf.tensor1d(bias)) };
      const loss = attributeLoss(
        head,
        tf.tensor2d(states),
        tf.tensor2d(table),
        Int32Array.from(items),
        known,
      );
      tf.dispose([head.weight, head.bias]);
      return loss.dataSync()[0];
    });
    assertClose([found], [expected], 1e-4);
  });

  it('compares the right one with a wrong one by one sigmoid, not two: MIP and SP', () => {
    const [states, right, wrong, weight] = [
      matrix(3, 4, 1),
      matrix(3, 4, 2),
      matrix(3, 4, 3),
      matrix(4, 4, 4),
    ];
    const [bias] = matrix(1, 4, 5);
    const score = (n: number, other: number[][]): number => dot(through(states[n], weight, bias), other[n]);
    const expected = [0, 1, 2].reduce((sum, n) => sum - logSigmoid(score(n, right) - score(n, wrong)), 0);
    const found = tf.tidy(() => {
      const head = { weight: tf.variable(tf.tensor2d(weight)), bias: tf.variable(tf.tensor1d(bias)) };
      const loss = pairLoss(head, tf.tensor2d(states), tf.tensor2d(right), tf.tensor2d(wrong));
      tf.dispose([head.weight, head.bias]);
      return loss.dataSync()[0];
    });
    assertClose([found], [expected], 1e-4);
  });

  it("hides a segment, and puts another user's in its place", () => {
    const length = 6;
    const lengths = Int32Array.of(6, 1, 4, 5);
    const items = new Int32Array(4 * length);
    lengths.forEach((count, b) => {
      for (let t = 0; t < count; t++) items[b * length + t] = 100 * (b + 1) + t;
    });
    // The last two sequences are the same user's.
    const tokens: Tokens = { batchSize: 4, length, items, lengths, users: Int32Array.of(0, 1, 2, 2) };
    for (let seed = 0; seed < 20; seed++) {
      const found = drawSegments(tokens, new Random(seed));
      assert.deepEqual([...found.lengths], [6, 4, 5]); // one item has no segment
      found.lengths.forEach((count, n) => {
        const b = [0, 2, 3][n];
        const of = (values: Int32Array): number[] => [...values.subarray(n * length, (n + 1) * length)];
        const [context, right, wrong] = [of(found.context), of(found.right), of(found.wrong)];
        const own = [...items.subarray(b * length, (b + 1) * length)];
        const size = right.filter((item) => item > 0).length;
        assert.ok(size >= 1 && size <= count / 2);
        assert.deepEqual(
          own,
          context.map((item, t) => item + right[t]),
        );
        wrong.forEach((item, t) => {
          assert.equal(item > 0, right[t] > 0);
          const owner = Math.floor(item / 100) - 1;
          if (item > 0) assert.notEqual(tokens.users[owner], tokens.users[b]);
        });
      });
    }
    const alone = { ...tokens, users: new Int32Array(4) };
    assert.equal(drawSegments(alone, new Random(1)).lengths.length, 0);
  });

  it('reads every prefix before the main training, with about the share hidden and the last item always', () => {
    const world = smallWorld(s3rec, { ...small, preTrainEpochs: 3, maskRatio: 0.2 });
    const stage = preTraining(world);
    assert.deepEqual([stage.epochs, stage.sequences], [3, 'prefixes']);
    const history = Int32Array.of(1, 2, 3, 4, 5);
    const sequences = Array.from({ length: 400 }, () => ({ user: 0, history, next: 6 }));
    const options = { maxLength: 6, phase: 'train', rows: stage.rows, random: new Random(1) } as const;
    const { rows } = makeBatch(sequences, options);
    assert.equal(rows.target.filter((target) => target === 6).length, 400);
    const share = (rows.count - 400) / 2000;
    assert.ok(Math.abs(share - 0.2) < 0.03, String(share));
  });

  it('adds the four losses by their weights, and leaves out what weighs nothing', async () => {
    const parts = await lossParts(smallWorld(s3rec, small));
    assert.deepEqual(Object.keys(parts), ['aap', 'mip', 'map', 'sp', 'total']);
    const { aap, mip, map, sp, total } = parts;
    for (const value of [aap, mip, map, sp]) assert.ok(value > 0 && Number.isFinite(value));
    assertClose([total], [0.2 * aap + mip + map + 0.5 * sp], 1e-4);
    const mapOnly = { aapWeight: 0, mipWeight: 0, mapWeight: 2, spWeight: 0 };
    const single = await lossParts(smallWorld(s3rec, { ...small, ...mapOnly }));
    assert.deepEqual(Object.keys(single), ['map', 'total']);
    assertClose([single.total], [2 * map], 1e-4);
  });

  it('sees no later item once it predicts', async () => {
    const { backbone } = smallWorld(s3rec, small);
    const [before] = await statesOf(backbone, [[1, 2, 3, 4]]);
    const [after] = await statesOf(backbone, [[1, 2, 3, 9]]);
    assert.deepEqual(before.slice(0, 3), after.slice(0, 3));
    assert.notDeepEqual(before[3], after[3]);
  });

  it('needs attributes, and says so', () => {
    const builder = new DatasetBuilder();
    ['a', 'b', 'c', 'd'].forEach((item, t) => builder.addInteraction('u', item, t));
    const hasher = { sha256: () => 'hash' };
    const dataset = builder.build({ name: 'bare', report: { counts: {}, warnings: [] }, hasher });
    assert.throws(
      () => smallWorld(s3rec, small, { dataset }),
      (error) => error instanceof UsageError && /s3rec.*item attributes/.test(error.message),
    );
  });

  it('asks for SASRec where no loss of pre-training has a weight', () => {
    const none = { aapWeight: 0, mipWeight: 0, mapWeight: 0, spWeight: 0 };
    const create = (keys: object): unknown =>
      s3rec.create(readConfig(S3RecConfig, { ...small, ...keys }, 'backbone'));
    assert.throws(
      () => create(none),
      (error) => error instanceof UsageError && /are all 0: that is SASRec/.test(error.message),
    );
    assert.doesNotThrow(() => create({ ...none, spWeight: 0.1 }));
  });

  it('has no key for a checkpoint that could be a wrong one, and cannot go without pre-training', () => {
    assert.throws(() => readConfig(S3RecConfig, { checkpoint: 'x' }, 'backbone'), /"backbone.checkpoint"/);
    assert.throws(() => readConfig(S3RecConfig, { preTrainEpochs: 0 }, 'backbone'), /preTrainEpochs/);
  });
});
