import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { type Backbone, Parameters, Pass, Random, leaveOneOut } from '@coco-rec/core';
import { testDataset } from '@coco-rec/core/testing';
import { FrozenConfig, type ItemTable } from './frozen-backbone.js';
import { HistoryBackbone } from './history-backbone.js';
import { statesOf } from './testing/states-of.js';
import { VectorsBackbone, VectorsConfig } from './vectors.js';

const folder = mkdtempSync(join(tmpdir(), 'coco-frozen-states-'));
const dataset = testDataset();
const context = {
  ...leaveOneOut(dataset),
  progress: { report: () => undefined, log: () => undefined },
} as const;

/** A model whose state is how many items a history has, and the last of them; it writes down what it is asked. */
class CountingBackbone extends HistoryBackbone {
  readonly id = 'counting';
  readonly asked: number[][] = [];

  protected load(): Promise<ItemTable> {
    const values = Float32Array.from({ length: (dataset.itemCount + 1) * 2 }, (_, i) => (i < 2 ? 0 : i));
    return Promise.resolve({ values, dimension: 2 });
  }

  protected encodeHistories(histories: readonly Int32Array[]): Promise<readonly Float32Array[]> {
    this.asked.push(...histories.map((history) => [...history]));
    const states = histories.map((history) => Float32Array.of(history.length, history.at(-1) ?? 0));
    return Promise.resolve(states);
  }
}

async function openCounting(keys: object = {}): Promise<CountingBackbone> {
  const backbone = new CountingBackbone(Object.assign(new FrozenConfig(), keys));
  await backbone.open(context);
  return backbone;
}

describe('states of histories', () => {
  before(() => tf.setBackend('cpu'));

  it('are not mixed up by ids that look alike side by side', async () => {
    const backbone = await openCounting();
    assert.deepEqual(await statesOf(backbone, [1, 11], [11, 1], [1, 1, 1], [11, 11]), [
      [2, 11],
      [2, 1],
      [3, 1],
      [2, 11],
    ]);
    assert.deepEqual(backbone.asked, [
      [1, 11],
      [11, 1],
      [1, 1, 1],
      [11, 11],
    ]);
    assert.deepEqual(await statesOf(backbone, [11, 11, 1], [1, 1, 11, 1]), [
      [3, 1],
      [4, 1],
    ]);
    backbone.dispose();
  });

  it('are made once for each history, an empty one too', async () => {
    const backbone = await openCounting();
    await statesOf(backbone, [1, 2], [], [1, 2]);
    assert.deepEqual(await statesOf(backbone, [], [3], [1, 2]), [
      [0, 0],
      [1, 3],
      [2, 2],
    ]);
    assert.deepEqual(backbone.asked, [[1, 2], [], [3]]);
    backbone.dispose();
  });
});

describe('scores of a frozen model', () => {
  before(() => tf.setBackend('cpu'));

  const rows = {
    count: 1,
    sequence: Int32Array.of(0),
    position: Int32Array.of(0),
    user: Int32Array.of(0),
    target: Int32Array.of(1),
    visibleUntil: Int32Array.of(1),
  };

  /** Scores of the items 1 to 4, and what the loss is given as the state. */
  function scoredBy(backbone: Backbone): { scores: number[]; lossState: number[] } {
    const parameters = new Parameters(new Random(1));
    const loss = (state: tf.Tensor2D): tf.Tensor1D => tf.reshape(state, [2]);
    backbone.initialize({ itemCount: dataset.itemCount, parameters, loss, dataset });
    return tf.tidy(() => {
      const [h, items] = [tf.tensor2d([[1, 2]]), backbone.itemVectors()];
      const lossState = backbone.rowLoss(h, rows, items, Pass.predict).arraySync();
      return { scores: backbone.scores(h, items, 1, 5).arraySync()[0], lossState };
    });
  }

  it('are dot products times the scale, for the loss too', async () => {
    const [plain, scaled] = [await openCounting(), await openCounting({ scale: 3 })];
    assert.deepEqual(scoredBy(plain), { scores: [8, 14, 20, 26], lossState: [1, 2] }); // 1·2 + 2·3, 1·4 + 2·5, …
    assert.deepEqual(scoredBy(scaled), { scores: [24, 42, 60, 78], lossState: [3, 6] });
    plain.dispose();
    scaled.dispose();
  });
});

describe('vectors of users whose history is empty', () => {
  before(() => tf.setBackend('cpu'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  function write(name: string, ...lines: string[]): string {
    const path = join(folder, name);
    writeFileSync(path, `${lines.join('\n')}\n`);
    return path;
  }

  it('are those that have seen no item', async () => {
    const items = write('items.csv', 'id,x,y', 'item1,1,1', 'item2,2,2');
    const rows = ['user0,1,4,40', 'user1,0,5,50', 'user1,1,6,60', 'user2,1,7,70'];
    const users = write('users.csv', 'id,seenUntil,x,y', ...rows);
    const backbone = new VectorsBackbone(Object.assign(new VectorsConfig(), { users, items }));
    await backbone.open(context);
    assert.deepEqual(await statesOf(backbone, [], [], [1]), [
      [0, 0],
      [5, 50],
      [7, 70],
    ]);
    backbone.dispose();
  });
});
