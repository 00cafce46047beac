import assert from 'node:assert/strict';
import { Random } from '../random.js';
import type { Batch } from '../specification/batch.js';
import { makeBatch } from './batches.js';
import { type HiddenPositions, clozeRows, withMaskPlace } from './cloze.js';
import { lastItemRows } from './row-samplers.js';

const sequences = [
  { user: 4, history: Int32Array.of(11, 12, 13), next: 14 },
  { user: 5, history: Int32Array.of(21), next: 22 },
  { user: 6, history: Int32Array.of(31, 32, 33, 34, 35), next: 0 },
];

const clozeBatch = (hide: HiddenPositions): Batch =>
  makeBatch(sequences, { maxLength: 4, phase: 'train', rows: clozeRows(hide), random: new Random(1) });

describe('cloze', () => {
  it('hides items and has a row at each of them and at the place of the next item', () => {
    const { items, rows } = clozeBatch((length) => (length > 1 ? [0, 2] : []));
    assert.deepEqual([...items], [0, 12, 0, 0, 21, 0, 0, 0, 0, 33, 0, 35]);
    assert.equal(rows.count, 6); // the last sequence has no next item
    assert.deepEqual([...rows.sequence], [0, 0, 0, 1, 2, 2]);
    assert.deepEqual([...rows.position], [0, 2, 3, 1, 0, 2]);
    assert.deepEqual([...rows.target], [11, 13, 14, 22, 32, 34]);
    assert.deepEqual([...rows.user], [4, 4, 4, 5, 6, 6]);
  });

  it("lets a row's texts show the items before it only, counted from the first of the history", () => {
    const { rows, offsets } = clozeBatch((length) => (length > 1 ? [0, 2] : []));
    assert.deepEqual([...offsets], [0, 0, 1]);
    assert.deepEqual([...rows.visibleUntil], [0, 2, 3, 1, 1, 3]);
  });

  it('cuts sequences where it is told to: the item after the cut is the next one', () => {
    const kept = [2, 1, 3];
    let b = 0;
    const rows = clozeRows((length) => (length > 1 ? [0] : []), () => kept[b++]); // prettier-ignore
    const timed = sequences.map((one) => ({ ...one, times: [...one.history] }));
    const batch = makeBatch(timed, { maxLength: 4, phase: 'train', rows, random: new Random(1) });
    assert.deepEqual([...batch.lengths], kept);
    assert.deepEqual([...batch.items], [0, 12, 0, 0, 21, 0, 0, 0, 0, 33, 34, 0]);
    assert.deepEqual([...(batch.times ?? [])], [11, 12, NaN, NaN, 21, NaN, NaN, NaN, 32, 33, 34, NaN]);
    assert.deepEqual([...batch.rows.target], [11, 13, 22, 32, 35]);
    assert.deepEqual([...batch.rows.visibleUntil], [0, 2, 1, 1, 4]);
  });

  it('leaves the histories as they were', () => {
    clozeBatch((length) => [...Array(length).keys()]);
    assert.deepEqual([...sequences[0].history], [11, 12, 13]);
  });

  it('makes a place for the MASK after each sequence, where training has its last row already', () => {
    const batch = withMaskPlace(clozeBatch(() => []));
    assert.equal(batch.length, 5);
    assert.deepEqual([...batch.lengths], [4, 2, 5]);
    assert.deepEqual([...batch.items], [11, 12, 13, 0, 0, 21, 0, 0, 0, 0, 32, 33, 34, 35, 0]);
    assert.deepEqual([...batch.rows.position], [3, 1]);
  });

  it('moves the rows of prediction to the MASK, that of an empty history too', () => {
    const histories = [Int32Array.of(1, 2), new Int32Array(0), Int32Array.of(1, 2, 3, 4, 5, 6)];
    const asked = histories.map((history) => ({ user: -1, history, next: 0 }));
    const options = { maxLength: 4, phase: 'predict', rows: lastItemRows, random: new Random(1) } as const;
    const batch = withMaskPlace(makeBatch(asked, options));
    assert.deepEqual([...batch.rows.position], [2, 0, 4]);
    assert.deepEqual([...batch.lengths], [3, 1, 5]);
    batch.rows.sequence.forEach((b, p) =>
      assert.equal(batch.items[b * batch.length + batch.rows.position[p]], 0),
    );
  });
});
