import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import {
  type Batch,
  CocoError,
  type Split,
  globalTimeSplit,
  leaveOneOut,
  lastItemRows,
  makeBatch,
  Parameters,
  Pass,
  Random,
} from '@coco-rec/core';
import { testDataset } from '@coco-rec/core/testing';
import { VectorsBackbone, VectorsConfig } from './vectors.js';

const folder = mkdtempSync(join(tmpdir(), 'coco-vectors-'));
const dataset = testDataset();
const split = leaveOneOut(dataset);
const { trainLengths } = split;
const lengthOf = (user: number): number => dataset.offsets[user + 1] - dataset.offsets[user];
const logged: string[] = [];
const progress = { report: () => undefined, log: (line: string): unknown => logged.push(line) } as const;

function write(name: string, lines: readonly string[]): string {
  const path = join(folder, name);
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}

const allItems = Array.from({ length: dataset.itemCount }, (_, i) => `item${i + 1},${i},1`);
const items = write('items.csv', ['id,x,y', ...allItems]);

/** A backbone with user rows "id,seenUntil,x,y". */
async function open(rows: readonly string[], keys: object = {}): Promise<VectorsBackbone> {
  const users = write('users.csv', ['id,seenUntil,x,y', ...rows]);
  return openWith({ users, items, ...keys });
}

async function openWith(keys: object, on: Split = split): Promise<VectorsBackbone> {
  const backbone = new VectorsBackbone(Object.assign(new VectorsConfig(), keys));
  try {
    await backbone.open({ ...on, progress });
  } catch (error) {
    backbone.dispose();
    throw error;
  }
  return backbone;
}

const refuses = (run: Promise<VectorsBackbone>, ...words: string[]): Promise<void> =>
  assert.rejects(run, (error: unknown) => {
    assert.ok(error instanceof CocoError, String(error));
    for (const word of words) assert.ok(error.message.includes(word), `"${error.message}" lacks "${word}"`);
    return true;
  });

/** The states of a user after each of the first `length` interactions. @returns [T][D] */
async function states(backbone: VectorsBackbone, user: number, length: number): Promise<number[][]> {
  const start = dataset.offsets[user];
  const history = dataset.sequence.subarray(start, start + length);
  const options = {
    maxLength: backbone.maxLength,
    rows: lastItemRows,
    phase: 'predict',
    random: new Random(1),
  } as const;
  const batch: Batch = makeBatch([{ user, history, next: 0 }], options);
  const prepared = await backbone.prepare(batch);
  const found = (await backbone.encode(prepared).array())[0];
  tf.dispose([prepared.itemIds, prepared.mask, ...Object.values(prepared.extra ?? {})]);
  return found;
}

describe('vectors', () => {
  before(() => tf.setBackend('cpu'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('serves a row from its seenUntil on, the newest that may be used, and zero before', async () => {
    const backbone = await open(['user0,4,4,40', 'user0,2,2,20', 'user1,0,9,90']);
    const found = await states(backbone, 0, 5);
    assert.deepEqual(found, [
      [0, 0],
      [2, 20],
      [2, 20],
      [4, 40],
      [4, 40],
    ]);
    assert.deepEqual((await states(backbone, 1, 0))[0], [9, 90]);
    assert.deepEqual(await states(backbone, 2, 2), [
      [0, 0],
      [0, 0],
    ]);
    backbone.dispose();
  });

  it('counts interactions that were cut off the front of a history', async () => {
    const long = Array.from(trainLengths.keys()).find((user) => lengthOf(user) >= 9) as number;
    const backbone = await open([`user${long},7,7,70`], { maxLength: 3 });
    assert.deepEqual(await states(backbone, long, 8), [
      [0, 0],
      [7, 70],
      [7, 70],
    ]);
    backbone.dispose();
  });

  it('gives predictions without a vector no loss', async () => {
    const backbone = await open(['user0,2,2,20']);
    const lossOf = (x: tf.Tensor2D): tf.Tensor1D => tf.sum(tf.square(x), 1);
    const parameters = new Parameters(new Random(1));
    backbone.initialize({ itemCount: dataset.itemCount, parameters, loss: lossOf, dataset });
    const rows = {
      count: 3,
      sequence: Int32Array.of(0, 0, 1),
      position: Int32Array.of(0, 1, 1),
      user: Int32Array.of(0, 0, 5),
      target: Int32Array.of(1, 1, 1),
      visibleUntil: Int32Array.of(1, 2, 2),
    };
    const losses = tf.tidy(() => {
      const h = tf.ones<tf.Rank.R2>([3, 2]);
      return backbone.rowLoss(h, rows, backbone.itemVectors(), Pass.predict).arraySync();
    });
    assert.deepEqual(losses, [0, 2, 0]);
    backbone.dispose();
  });

  it('counts what was matched and what is served', async () => {
    const full = `user0,${trainLengths[0]},1,1`;
    const backbone = await open([full, 'user1,1,1,1', 'somebody,1,1,1']);
    const { counts, warnings } = backbone.report();
    assert.equal(counts['users with a vector'], 2);
    assert.equal(counts['users without a vector'], dataset.userCount - 2);
    assert.equal(counts['user ids that the data do not know'], 1);
    assert.equal(counts['training predictions with a vector'], trainLengths[1] - 1);
    assert.equal(counts['test predictions with a vector'], 2);
    assert.equal(counts['items without a vector'], 0);
    assert.ok(
      warnings.some((line) => line.startsWith(`${dataset.userCount - 2} of ${dataset.userCount} test`)),
    );
    backbone.dispose();
  });

  it('warns of items without a vector, and scores them 0', async () => {
    const some = write('some.csv', ['id,x,y', 'item1,1,1', 'item2,1,1', 'unheard-of,1,1']);
    const backbone = await open(['user0,1,1,10'], { items: some });
    const { counts, warnings } = backbone.report();
    assert.equal(counts['item ids that the data do not know'], 1);
    assert.match(warnings[0], /28 of 30 items have no vector/);
    backbone.dispose();
  });

  it('warns of items whose vector is zero', async () => {
    const some = write('zeros.csv', ['id,x,y', 'item1,0,0', 'item2,1,1', 'item3,0,0']);
    const backbone = await open(['user0,1,1,10'], { items: some });
    assert.match(
      backbone.report().warnings.join(),
      /27 of 30 items.*2 items have a vector of zeros: their score is 0/,
    );
    backbone.dispose();
  });

  it('takes a file without seenUntil only by an assumption, which the result repeats', async () => {
    const users = write('bare.csv', ['id,x,y', 'user0,3,30', 'user1,4,40']);
    await refuses(openWith({ users, items }), 'bare.csv', '"seenUntil"', 'assumeSeenUntil: train-1');
    const backbone = await openWith({ users, items, assumeSeenUntil: 'train-1' });
    assert.match(backbone.report().warnings.join(), /Assumed, not checked \(assumeSeenUntil: train-1\)/);
    assert.ok(logged.some((line) => line.includes('assumeSeenUntil: train-1')));
    const found = await states(backbone, 0, trainLengths[0]);
    assert.deepEqual(found.slice(-3), [
      [0, 0],
      [3, 30],
      [3, 30],
    ]);
    backbone.dispose();
    const twice = write('bare-twice.csv', ['id,x,y', 'user0,3,30', 'user0,4,40']);
    await refuses(
      openWith({ users: twice, items, assumeSeenUntil: 'train-1' }),
      '"user0" has two rows, and no "seenUntil" that tells them apart',
    );
    await refuses(
      open(['user0,1,1,1'], { assumeSeenUntil: 'train-1' }),
      '"backbone.assumeSeenUntil" does nothing',
    );
  });

  it('counts by a global time split too, says what it cannot check, and then assumes nothing', async () => {
    const byTime = globalTimeSplit(dataset, { validationShare: 0.2, testShare: 0.2 });
    const { validation, test } = byTime;
    const rows = Array.from(validation.users, (user) => `user${user},${byTime.trainLengths[user]},1,1`);
    const users = write('until-cut.csv', ['id,seenUntil,x,y', ...rows]);
    const backbone = await openWith({ users, items }, byTime);
    const { counts, warnings } = backbone.report();
    assert.equal(counts['validation predictions with a vector'], validation.users.length);
    assert.equal(counts['validation predictions without a vector'], 0);
    const served = test.users.filter((user) => validation.users.includes(user)).length;
    assert.ok(served > 0 && served < test.users.length);
    assert.equal(counts['test predictions with a vector'], served);
    assert.equal(counts['test predictions without a vector'], test.users.length - served);
    assert.equal(counts['training predictions with a vector'], 0);
    const cut = new Date(byTime.rule.validationFrom * 1000).toISOString();
    assert.match(warnings.join(), new RegExp(`Not checked: .* nothing at or after ${cut}`));
    backbone.dispose();
    const bare = write('bare-users.csv', ['id,x,y', 'user0,3,30']);
    await refuses(
      openWith({ users: bare, items, assumeSeenUntil: 'train-1' }, byTime),
      '"evaluate.split: leave-one-out"',
      'bare-users.csv has to say',
      'add "seenUntil"',
    );
  });

  it('refuses vectors that have all seen their targets', async () => {
    const rows = Array.from(trainLengths, (_, user) => `user${user},${lengthOf(user)},1,1`);
    await refuses(open(rows), 'users.csv', 'has seen its target');
    const late = await open([`user0,${lengthOf(0) - 1},1,1`]);
    assert.match(late.report().warnings.join(), /a fusion can learn nothing/);
    late.dispose();
  });

  it('refuses other widths, ids that match nothing, and rows that come twice', async () => {
    const wide = write('wide.csv', ['id,x,y,z', 'item1,1,2,3']);
    await refuses(open(['user0,1,1,1'], { items: wide }), '2 numbers', 'wide.csv 3');
    await refuses(open(['U0,1,1,1', 'U1,1,1,1']), 'none of its 2 ids is a user', '"U0"', '"user0"');
    const others = write('others.csv', ['id,x,y', 'B1,1,2']);
    await refuses(open(['user0,1,1,1'], { items: others }), 'none of its 1 ids is an item');
    await refuses(open(['user0,1,1,1', 'user0,1,2,2']), '"user0" has two rows with seenUntil 1');
    const twice = write('twice.csv', ['id,x,y', 'item1,1,2', 'item1,1,2']);
    await refuses(open(['user0,1,1,1'], { items: twice }), '"item1" comes twice');
  });

  it('leaves no tensor behind', async () => {
    const before = tf.memory().numTensors;
    const backbone = await open(['user0,1,1,10']);
    await states(backbone, 0, 3);
    backbone.dispose();
    assert.equal(tf.memory().numTensors, before);
  });
});
