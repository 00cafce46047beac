import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { RunResult } from '../result.js';
import type { ComparedMethod, Comparison } from '../summarise-comparison.js';
import {
  comparisonTable,
  fusionsTable,
  gainCells,
  gainOverControlsTable,
  userGroupTables,
  verdictOf,
} from './comparison-tables.js';

const gain = { difference: 0.006, baseline: 0.05, relative: 0.12 };
const found = { ...gain, interval: [0.002, 0.01], p: 0.004, pHolm: 0.012 } as const;

function method(name: string, more: Partial<ComparedMethod> = {}): ComparedMethod {
  const mean = { 'recall@5': 0.05, 'ndcg@5': 0.03 };
  return { name, mean, validation: mean, seconds: 12, runs: [], ...more };
}

function comparison(methods: readonly ComparedMethod[], seeds = 3): Comparison {
  return { protocol: { filter: 'none' }, seeds, standing: seeds >= 5 ? 'result' : 'preliminary', methods };
}

describe('comparisonTable', () => {
  it('tells gain and interval as shares of the mean of none, and the corrected p', () => {
    assert.deepEqual(gainCells(found), ['+12.0 %', '+4.0 … +20.0 %', '0.012', 'better']);
    const equal = {
      ...found,
      difference: 0,
      relative: 0,
      interval: [-0.001, 0.001],
      p: 1,
      pHolm: 1,
    } as const;
    assert.deepEqual(gainCells(equal), ['+0.0 %', '-2.0 … +2.0 %', '1.000', 'no difference shown']);
    assert.deepEqual(gainCells(undefined), ['', '', '', '']);
  });

  it('says that no difference is shown while the interval holds 0', () => {
    assert.equal(verdictOf({ interval: [-0.001, 0.02], p: 0.04 }), 'no difference shown');
    assert.equal(verdictOf({ interval: [0, 0.02], p: 0.04 }), 'no difference shown');
    assert.equal(verdictOf({ interval: [-0.02, -0.001], p: 0.04 }), 'worse');
  });

  it('says so too where p, corrected for several methods, is not below .05', () => {
    assert.equal(verdictOf({ interval: [0.001, 0.02], p: 0.02, pHolm: 0.04 }), 'better');
    assert.equal(verdictOf({ interval: [0.001, 0.02], p: 0.02, pHolm: 0.06 }), 'no difference shown');
    assert.equal(verdictOf({ interval: [0.001, 0.02], p: 0.05 }), 'no difference shown');
  });

  it('sets a method beside its controls', () => {
    const coco = method('coco', { differenceToControls: { 'coco:control=placebo': { 'recall@5': found } } });
    const table = gainOverControlsTable(comparison([method('none'), coco]), 'recall@5');
    assert.deepEqual(table?.rows, [
      ['coco', 'coco:control=placebo', '+12.0 %', '+4.0 … +20.0 %', '0.012', 'better'],
    ]);
    assert.equal(table.columns.length, 6);
    assert.equal(gainOverControlsTable(comparison([method('none')]), 'recall@5'), undefined);
  });

  it('has a cell for every column and names the filter', () => {
    const table = comparisonTable(
      comparison([method('none'), method('coco', { difference: { 'recall@5': found } })]),
    );
    for (const row of table.rows) assert.equal(row.length, table.columns.length);
    assert.match(table.title, /seen items kept/);
    assert.ok(table.columns.some(({ label }) => label === 'R@5, seen removed'));
    assert.ok(table.rows[1].includes('better'));
  });

  it('tells how far gates have opened and what a fusion says of itself', () => {
    const kar = method('kar', { openings: { 'mean |user join|': 0.00712 } });
    const r4ec = method('r4ec', { note: 'prompt-only' });
    const table = fusionsTable(comparison([method('none'), kar, r4ec]));
    assert.deepEqual(table?.rows, [
      ['kar', 'mean |user join| 0.0071', ''],
      ['r4ec', '', 'prompt-only'],
    ]);
    assert.equal(fusionsTable(comparison([method('none')])), undefined);
  });

  it('has a table of the users that a fusion knows', () => {
    const mean = { 'recall@5': 0.05, 'ndcg@5': 0.03 };
    const none = { name: 'none', mean };
    const kar = { name: 'kar', mean, difference: { 'recall@5': found, 'ndcg@5': found } };
    const groups = [{ of: ['kar', 'r4ec'], users: 3000, methods: [none, kar] }];
    const [table] = userGroupTables({ ...comparison([method('none')]), groups });
    assert.equal(table.title, 'On the 3,000 users with a text for kar, r4ec');
    for (const row of table.rows) assert.equal(row.length, table.columns.length);
    assert.equal(table.rows[1].filter((cell) => cell === '+12.0 %').length, 2);
    assert.deepEqual(userGroupTables(comparison([method('none')])), []);
  });

  it("tells the backbones' warnings once each, and whose they are where not all have them", () => {
    const run = (...warnings: string[]): ComparedMethod['runs'][number] => {
      const training = warnings.length > 0 ? { backbone: { counts: {}, warnings } } : {};
      return { seed: 1, folder: 'runs/x', result: { otherFilter: { test: {} }, training } as RunResult };
    };
    const told = (...methods: ComparedMethod[]): readonly string[] =>
      comparisonTable(comparison(methods)).notes?.slice(1) ?? [];
    const none = method('none', { runs: [run('A.', 'B.'), run('A.', 'B.')] });
    assert.deepEqual(told(none, method('text', { runs: [run('A.')] })), ['A.', 'none: B.']);
    const three = [none, method('coco', { runs: [run('B.')] }), method('kar', { runs: [run()] })];
    assert.deepEqual(told(...three), ['none: A.', 'none, coco: B.']);
    assert.deepEqual(told(method('none', { runs: [run()] })), []);
  });

  it('tells of a fusion that was never better than its start', () => {
    const of = (fusion: string, bestEpoch: number): ComparedMethod['runs'][number] => {
      const result = {
        otherFilter: { test: {} },
        training: { bestEpoch },
        config: { fusion: { id: fusion } },
      };
      return { seed: 1, folder: 'runs/x', result: result as unknown as RunResult };
    };
    const none = method('none', { runs: [of('none', 0)] });
    const kar = method('kar', { runs: [of('kar', 2)] });
    const mlp = method('mlp', { runs: [of('mlp', 2), of('mlp', 0)] });
    const told = comparisonTable(comparison([none, kar, mlp])).notes?.filter((note) =>
      note.includes('no epoch'),
    );
    assert.equal(told?.length, 1);
    assert.match(told[0], /^mlp: By validation no epoch of the joint stage was better than its start/);
  });

  it('calls fewer than five seeds preliminary', () => {
    const methods = [method('none'), method('coco', { difference: { 'recall@5': found } })];
    assert.match(comparisonTable(comparison(methods, 4)).notes?.[0] ?? '', /preliminary/);
    assert.doesNotMatch(comparisonTable(comparison(methods, 5)).notes?.[0] ?? '', /preliminary/);
  });

  it('says why there is no gain where none was not run', () => {
    assert.match(comparisonTable(comparison([method('coco')])).notes?.[1] ?? '', /none was not run/);
  });
});
