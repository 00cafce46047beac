import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import {
  type Batch,
  Pass,
  Random,
  type Sequence,
  UsageError,
  disposeBatch,
  makeBatch,
  readConfig,
  rowsOf,
  trainingSequences,
} from '@coco-rec/core';
import { BERT4RecConfig, bert4rec } from './bert4rec.js';
import {
  type SmallWorld,
  assertClose,
  historiesBatch,
  shake,
  smallWorld,
  statesOf,
  weightOf,
} from './small-world.test.js';

const small = { dimension: 8, maxLength: 6, numLayers: 1, dropout: 0, attentionDropout: 0 };

/** Sequences of like length, drawn as training draws them. */
function draw({ backbone }: SmallWorld, count: number, length: number): Batch {
  const history = Int32Array.from({ length }, (_, t) => 1 + t);
  const sequences = Array.from({ length: count }, (): Sequence => ({ user: 0, history, next: length + 1 }));
  const rows = backbone.rowSampler();
  assert.ok(rows);
  return makeBatch(sequences, { maxLength: backbone.maxLength, phase: 'train', rows, random: new Random(5) });
}

/** Hidden items of each sequence, the last one among them. */
function hiddenCounts(batch: Batch): number[] {
  const counts = new Array<number>(batch.batchSize).fill(0);
  for (const b of batch.rows.sequence) counts[b]++;
  return counts;
}

describe('BERT4Rec', () => {
  before(() => tf.setBackend('cpu'));

  it('hides the share of each sequence that it is told to, everywhere, and the last item always', () => {
    const world = smallWorld(bert4rec, { ...small, maskRatio: 0.6, lastMaskShare: 0 });
    const batch = draw(world, 200, 4);
    assert.deepEqual(new Set(hiddenCounts(batch)), new Set([3])); // .6 of 5
    const times = [0, 1, 2, 3, 4].map((t) => batch.rows.position.filter((position) => position === t).length);
    assert.equal(times[4], 200);
    for (const t of [0, 1, 2, 3]) assert.ok(times[t] > 70 && times[t] < 130, `position ${t}: ${times[t]}`);
    batch.rows.position.forEach((t, p) => {
      assert.equal(batch.rows.target[p], t + 1);
      if (t < 4) assert.equal(batch.items[batch.rows.sequence[p] * 4 + t], 0);
    });
  });

  it('hides only the last item of the share of sequences that it is told to', () => {
    const world = smallWorld(bert4rec, { ...small, maskRatio: 0.6, lastMaskShare: 0.25 });
    const counts = hiddenCounts(draw(world, 400, 4));
    const alone = counts.filter((count) => count === 1).length;
    assert.ok(alone > 70 && alone < 130, String(alone));
    assert.equal(counts.filter((count) => count === 3).length, 400 - alone);
  });

  it('cuts the share of sequences that it is told to, anywhere, and hides the item after the cut', () => {
    const cuts = { lastMaskShare: 1, prefixShare: 0.5 };
    const { rows, items, lengths } = draw(smallWorld(bert4rec, { ...small, ...cuts }), 400, 4);
    const times = [1, 2, 3, 4].map((t) => rows.position.filter((position) => position === t).length);
    for (const count of times.slice(0, 3)) assert.ok(count > 30 && count < 75, String(times)); // an eighth each
    assert.equal(
      times.reduce((a, b) => a + b),
      400,
    );
    rows.position.forEach((t, p) => {
      const b = rows.sequence[p];
      assert.equal(rows.target[p], t + 1);
      assert.equal(rows.visibleUntil[p], t);
      assert.equal(lengths[b], t);
      assert.deepEqual(
        [...items.subarray(b * 4, b * 4 + 4)],
        [1, 2, 3, 4].map((item) => (item <= t ? item : 0)),
      );
    });
  });

  it('learns from a history of one item', () => {
    assert.deepEqual(hiddenCounts(draw(smallWorld(bert4rec, small), 20, 1)), new Array(20).fill(1));
  });

  it('reads both ways: a hidden item is guessed from what follows as well', async () => {
    const { backbone } = smallWorld(bert4rec, small);
    const before = await statesOf(backbone, [[1, 2, 3, 4]]);
    const after = await statesOf(backbone, [[1, 2, 3, 5]]);
    assert.ok(before[0][0].some((value, d) => Math.abs(value - after[0][0][d]) > 1e-4));
  });

  it('predicts at a MASK that it appends, to empty, short and too long histories', async () => {
    const { backbone, parameters } = smallWorld(bert4rec, small);
    const histories = [[], [3], [9, 8, 1, 2, 3, 4, 5, 6]];
    const states = await statesOf(backbone, histories);
    assert.deepEqual([states.length, states[0].length], [3, 7]); // 6 items and the MASK
    const cut = await statesOf(backbone, [[1, 2, 3, 4, 5, 6]]);
    assertClose(states[2][6], cut[0][6]);
    const rows = async (): Promise<number[][]> => {
      const batch = await backbone.prepare(historiesBatch(histories, 6));
      const h = tf.tidy(() =>
        rowsOf(backbone.encode(batch, backbone.itemVectors(), Pass.predict), batch.rows).arraySync(),
      );
      disposeBatch(batch);
      return h;
    };
    const found = await rows();
    [0, 1, 6].forEach((place, n) => assertClose(found[n], states[n][place]));
    shake(parameters, 'backbone/mask');
    const moved = await rows();
    found.forEach((h, n) =>
      assert.ok(
        h.some((value, d) => Math.abs(value - moved[n][d]) > 1e-3),
        String(n),
      ),
    );
  });

  it('counts positions from the oldest item, or back from the MASK where it is told to', async () => {
    const oldest = smallWorld(bert4rec, small);
    const newest = smallWorld(bert4rec, { ...small, positionsFrom: 'newest' });
    const full = [9, 8, 1, 2, 3, 4];
    const [ofFull, ofShort] = await statesOf(newest.backbone, [full, [3, 1]]);
    const [sameOfFull] = await statesOf(oldest.backbone, [full]);
    ofFull.forEach((state, t) => assertClose(state, sameOfFull[t])); // all places are taken: no difference
    // Two items and the MASK have the table's last three rows: as its first ones, counted from the oldest.
    const table = weightOf(oldest.parameters, 'backbone/positions').variable; // [7, 8]
    const turned = tf.tidy(() => tf.concat([tf.slice(table, [4, 0]), tf.slice(table, [0, 0], [4, 8])]));
    table.assign(turned);
    turned.dispose();
    const [expected] = await statesOf(oldest.backbone, [[3, 1]]);
    expected.forEach((state, t) => assertClose(state, ofShort[t]));
  });

  it('has the bias of an item in its scores and in every loss alike', () => {
    for (const loss of ['softmax', 'bce']) {
      const { backbone, parameters } = smallWorld(bert4rec, small, { loss });
      shake(parameters, 'backbone/itemBias');
      const items = backbone.itemVectors();
      const random = new Random(4);
      const values = Float32Array.from({ length: 2 * 8 }, () => random.normal());
      tf.tidy(() => {
        const h = tf.tensor2d(values, [2, 8]);
        const scores = backbone.scores(h, items, 1, items.count).arraySync();
        const bias = weightOf(parameters, 'backbone/itemBias').variable.dataSync();
        const plain = tf.matMul<tf.Tensor2D>(h, items.block(1, items.count), false, true).arraySync();
        scores.forEach((row, p) =>
          assertClose(
            row,
            plain[p].map((score, v) => score + bias[v + 1]),
          ),
        );
        const zeros = new Int32Array(2);
        const rows = {
          count: 2,
          sequence: zeros,
          position: zeros,
          user: Int32Array.of(-1, -1),
          target: Int32Array.of(3, 17),
          visibleUntil: zeros,
        };
        const found = backbone.rowLoss(h, rows, items, Pass.predict).arraySync();
        if (loss === 'softmax') {
          const expected = scores.map((row, p) => {
            const sum = row.reduce((total, score) => total + Math.exp(score), 0);
            return Math.log(sum) - row[rows.target[p] - 1];
          });
          assertClose(found, expected);
        } else {
          const own = scores.map((row, p) => Math.log1p(Math.exp(-row[rows.target[p] - 1])));
          // What is left of each loss is that of one negative, whichever it is.
          found.forEach((value, p) => {
            const negative = 2 * value - own[p];
            const nearest = scores[p].map((score) => Math.abs(Math.log1p(Math.exp(score)) - negative));
            assert.ok(Math.min(...nearest) < 1e-5);
          });
        }
      });
    }
  });

  it('never lets a text show a hidden item or what comes after a row', () => {
    const world = smallWorld(bert4rec, small);
    const sequences = trainingSequences(world.split);
    const rows = world.backbone.rowSampler();
    assert.ok(rows);
    const batch = makeBatch(sequences, { maxLength: 6, phase: 'train', rows, random: new Random(2) });
    batch.rows.position.forEach((t, p) => {
      const b = batch.rows.sequence[p];
      const shown = batch.rows.visibleUntil[p] - batch.offsets[b];
      assert.ok(shown <= t);
      const { history } = sequences[b];
      for (let at = 0; at < shown; at++) {
        const item = batch.items[b * batch.length + at];
        assert.ok(item === 0 || item === history[batch.offsets[b] + at]);
      }
      if (t < batch.lengths[b]) assert.equal(batch.items[b * batch.length + t], 0);
    });
  });

  it('refuses heads that do not divide the width', () => {
    const config = readConfig(BERT4RecConfig, { dimension: 9 }, 'backbone');
    assert.throws(() => bert4rec.create(config), UsageError);
  });
});
