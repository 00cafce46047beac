import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import {
  type FusionContext,
  type KnowledgeLLM,
  Parameters,
  Random,
  UsageError,
  leaveOneOut,
} from '@coco-rec/core';
import { fusedRows } from './fused-rows.js';
import { ItemText, historyMeans } from './item-text.js';
import { MeanBackbone, silent, tinyDataset, tinyKnowledge } from './tiny-world.test.js';
import { batchOf } from './tiny-steps.test.js';
import type { Control } from './text-config.js';

const dataset = tinyDataset();

function contextOf(knowledge: KnowledgeLLM | undefined, seed = 1, data = dataset): FusionContext {
  return {
    dataset: data,
    trainLengths: leaveOneOut(data).trainLengths,
    backbone: new MeanBackbone(),
    knowledge,
    parameters: new Parameters(new Random(seed)),
    random: new Random(seed),
    progress: silent,
  };
}

async function load(control: Control = 'none', seed = 1): Promise<ItemText> {
  const knowledge = tinyKnowledge();
  const text = await ItemText.load(contextOf(knowledge, seed), 'text', control);
  knowledge.dispose();
  return text;
}

describe('ItemText', function () {
  this.timeout(30_000);
  const last = dataset.items.indexOf('i19') as number;

  it('centres the vectors; items without text and padding are zero', async () => {
    const text = await load();
    const { values, width, count } = text.table;
    for (let h = 0; h < width; h++) {
      let sum = 0;
      for (let item = 0; item < count; item++) sum += values[item * width + h];
      assert.ok(Math.abs(sum) < 1e-4);
    }
    for (const item of [0, last]) {
      assert.equal(text.hasText[item], 0);
      assert.ok(values.subarray(item * width, (item + 1) * width).every((value) => value === 0));
    }
    assert.equal(
      text.hasText.reduce((a, b) => a + b, 0),
      19,
    );
  });

  it('deals titles by a permutation among described items: the same for a seed, another for another', async () => {
    const [a, b, c] = [await load('placebo', 1), await load('placebo', 1), await load('placebo', 2)];
    assert.deepEqual(a.titleOf, b.titleOf);
    assert.notDeepEqual(a.titleOf, c.titleOf);
    assert.deepEqual(
      [...a.titleOf].sort((x, y) => x - y),
      [...a.titleOf.keys()],
    );
    assert.equal(a.titleOf[last], last);
    const plain = await load();
    const { width } = plain.table;
    const own = a.table.values.subarray(width, 2 * width);
    const from = a.titleOf[1];
    const original = plain.table.values.subarray(from * width, (from + 1) * width);
    own.forEach((value, h) => assert.ok(Math.abs(value - original[h]) < 1e-5));
  });

  it('gives features of variance 1, or of mean square 1 without whitening', async () => {
    const text = await load();
    const whitened = await text.features(4);
    assert.equal(whitened.width, 4);
    const raw = await text.features(0);
    const squares = raw.values.reduce((sum, value) => sum + value * value, 0);
    assert.ok(Math.abs(squares / (19 * raw.width) - 1) < 1e-4);
  });

  it('takes the views where the language model has several, and joins what they share', async () => {
    const H = 6;
    const random = new Random(5);
    // Two views of two hidden causes, each loud in noise of its own: what they share comes first.
    const causes = Array.from({ length: 19 }, () => [random.normal(), random.normal()]);
    const values = causes.flatMap(([a, b]) => {
      const noise = (): number[] => [3 * random.normal(), 3 * random.normal()];
      return [a, b, a + b, a - b, ...noise(), b, a, a, b, ...noise()];
    });
    const knowledge = tinyKnowledge();
    const views = { count: 2, encode: () => Promise.resolve(Float32Array.from(values)) };
    const seeing = Object.assign(Object.create(knowledge) as KnowledgeLLM, { views });
    Object.defineProperty(seeing, 'hiddenSize', { value: H });
    Object.assign(seeing, {
      encode: (texts: string[]) => Promise.resolve(new Float32Array(texts.length * H)),
    });
    const text = await ItemText.load(contextOf(seeing), 'text', 'none');
    knowledge.dispose();
    const { values: features, width } = await text.features(2);
    assert.equal(width, 2);
    assert.equal((await text.features(0)).width, 2 * H);
    // A cause is nearly a linear function of the two features.
    const described = Array.from(text.hasText.keys()).filter((item) => text.hasText[item] === 1);
    for (const cause of [0, 1]) {
      const target = causes.map((own) => own[cause]);
      const mean = target.reduce((a, b) => a + b) / target.length;
      const total = target.reduce((sum, value) => sum + (value - mean) ** 2, 0);
      const explained = [0, 1].reduce((sum, w) => {
        const along = described.reduce((s, item, n) => s + features[item * 2 + w] * (target[n] - mean), 0);
        return sum + along ** 2 / described.length; // features are uncorrelated with variance 1
      }, 0);
      assert.ok(explained / total > 0.9, String(explained / total));
    }
    await assert.rejects(
      ItemText.load(
        contextOf(Object.assign(Object.create(seeing) as KnowledgeLLM, { views: { ...views, count: 3 } })),
        'text',
        'none',
      ),
      /numbers for 19 texts of 18 each/,
    );
  });

  it('says in one sentence what is missing', async () => {
    const knowledge = tinyKnowledge();
    await assert.rejects(ItemText.load(contextOf(undefined), 'text', 'none'), (error: Error) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, /"text" needs a language model that can encode/);
      return true;
    });
    const bare = { ...dataset, texts: undefined };
    await assert.rejects(
      ItemText.load(contextOf(knowledge, 1, bare), 'mlp', 'none'),
      /"mlp" needs item texts/,
    );
    const broken = {
      ...knowledge,
      encode: async (texts: readonly string[]) => new Float32Array(texts.length * 12).fill(NaN),
    };
    await assert.rejects(ItemText.load(contextOf(broken), 'text', 'none'), /not finite for the text "/);
    knowledge.dispose();
  });
});

describe('rows and their titles', function () {
  this.timeout(30_000);
  const history = Int32Array.of(3, last(), 5, 7, 2);
  function last(): number {
    return dataset.items.indexOf('i19') as number;
  }
  const prepared = (rows: ReturnType<typeof batchOf>): Parameters0 => {
    const { batchSize: B, length: T } = rows;
    return { ...rows, itemIds: tf.zeros([B, T]), mask: tf.zeros([B, T]) };
  };

  it('lists described titles oldest first, and lets each row see its prefix', async () => {
    const text = await load();
    const batch = prepared(batchOf([{ user: 0, history, next: 9 }]));
    const fused = fusedRows(batch, text, { fusedPositions: 3, maxTitles: 4 });
    assert.deepEqual([...fused.rows], [2, 3, 4]);
    assert.deepEqual(
      fused.titles.map((titles) => [...titles]),
      [[5, 7, 2]],
    ); // item 3 is out of the window of 4
    assert.deepEqual([...fused.visibleTitles], [1, 2, 3]);
    assert.deepEqual([...fused.earliest], [2]);
    tf.dispose([batch.itemIds, batch.mask]);
  });

  it('means the visible, described items of each row, in any order of rows', async () => {
    const text = await load();
    const { values, width } = text.table;
    const batch = prepared(batchOf([{ user: 0, history, next: 9 }]));
    const { means, seen } = historyMeans(batch, text, text.table);
    assert.deepEqual([...seen], [1, 1, 2, 3, 4]);
    const expected = (values[3 * width] + values[5 * width] + values[7 * width]) / 3;
    assert.ok(Math.abs(means[3 * width] - expected) < 1e-5);
    const { rows } = batch;
    const back = (array: Int32Array): Int32Array => array.slice().reverse();
    const reversed = {
      ...batch,
      rows: {
        ...rows,
        position: back(rows.position),
        visibleUntil: back(rows.visibleUntil),
        target: back(rows.target),
      },
    };
    const again = historyMeans(reversed, text, text.table);
    assert.deepEqual([...again.seen], [4, 3, 2, 1, 1]);
    assert.ok(Math.abs(again.means[width] - expected) < 1e-5);
    tf.dispose([batch.itemIds, batch.mask]);
  });
});
type Parameters0 = globalThis.Parameters<typeof fusedRows>[0];
