import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { UsageError, leaveOneOut } from '@coco-rec/core';
import { testDataset } from '@coco-rec/core/testing';
import { writeRecBole } from '@coco-rec/data';
import { temporaryFolder } from '../support/small-run.js';
import { median } from './bench-case.js';
import { cases } from './cases.js';
import { type GrowthFigure, drawGrowth } from './draw-growth.js';
import { readOptions } from './options.js';
import { alignedTable, figureText } from './report.js';
import type { Figure } from './run-cases.js';
import { blocksGigaflop, decoderGigaflop, epochGigaflop, rankingGigaflop } from './work.js';

describe('bench', () => {
  it('counts arithmetic as it is done by hand', () => {
    const shape = { dimension: 2, numLayers: 1, feedForwardFactor: 1, maxLength: 3 };
    // A position: 6 products of [2] and [2, 2], 8 operations each; attention: pairs (t, s ≤ t), two products of 2 numbers.
    const ofLength = (T: number): number => 48 * T + (T * (T + 1) * 8) / 2;
    assert.equal(blocksGigaflop(shape, [1, 3]) * 1e9, ofLength(1) + ofLength(3));
    assert.equal(blocksGigaflop(shape, [5]), blocksGigaflop(shape, [3])); // cut
    const dataset = testDataset({ users: 6, items: 9, seed: 2 });
    const split = leaveOneOut(dataset);
    const lengths = [...split.trainLengths].map((length) => Math.max(0, length - 1));
    const rows = lengths.reduce((sum, length) => sum + Math.min(3, length), 0);
    const expected = 3 * (blocksGigaflop(shape, lengths) + (4 * rows * 9) / 1e9);
    assert.ok(Math.abs(epochGigaflop(split, shape, 9) / expected - 1) < 1e-12);
    const ranking = blocksGigaflop(shape, split.trainLengths) + (4 * 6 * dataset.itemCount) / 1e9;
    assert.ok(Math.abs(rankingGigaflop(split, shape) / ranking - 1) < 1e-12);
    const llm = { hiddenSize: 4, feedForwardSize: 6, numHeads: 2, numKeyValueHeads: 1, headSize: 2 };
    const vector = 2 * 4 * 2 * (2 * 2 + 2) + 6 * 4 * 6;
    assert.ok(Math.abs(decoderGigaflop(llm, 3, 5, 1) * 1e9 - 15 * (vector + 2 * 2 * 2 * 2)) < 1e-6);
  });

  it('takes the middle, and writes figures with three digits', () => {
    assert.equal(median([3, 1, 2]), 2);
    assert.equal(median([4, 1, 2, 3]), 2.5);
    assert.deepEqual([0, 0.012345, 1.2345, 123.45, 12345].map(figureText), [
      '0',
      '0.0123',
      '1.23',
      '123',
      '12345',
    ]);
    assert.equal(alignedTable(['a', 'b'], [['long', '1']]), 'a     b\nlong  1');
  });

  it('refuses a wrong command line', () => {
    assert.throws(
      () => readOptions(['--jsno', 'x']),
      (error) => error instanceof UsageError && /--jsno/.test(error.message),
    );
    assert.throws(() => readOptions(['--repeats', '0']), /--repeats is 0/);
  });

  it('measures cases on any RecBole data and writes JSON', async function () {
    this.timeout(240_000);
    const { folder, remove } = temporaryFolder();
    try {
      const data = join(folder, 'tiny');
      mkdirSync(data);
      await writeRecBole({ ...testDataset({ users: 40, items: 30, seed: 7 }), name: 'tiny' }, data);
      const json = join(folder, 'figures.json');
      const words = ['loading', 'evaluation', 'decoder', '--repeats', '1', '--engine', 'cpu'];
      const main = join(import.meta.dirname, 'main.js');
      const { stdout } = await promisify(execFile)(process.execPath, [
        ...[main, ...words, '--data', data, '--json', json, '--model', join(folder, 'none.gguf')],
      ]);
      const { figures, skipped } = JSON.parse(readFileSync(json, 'utf8')) as {
        figures: Figure[];
        skipped: { case: string }[];
      };
      assert.deepEqual(
        figures.map((figure) => figure.case),
        ['loading', 'evaluation'],
      );
      for (const { values, processor = 0, name } of figures) {
        assert.equal(values.length, 1);
        assert.ok(values.every((value) => value > 0) && processor > 0);
        assert.ok(stdout.includes(name));
      }
      assert.ok((figures[1].limit ?? 0) > 0);
      assert.deepEqual(
        skipped.map((one) => one.case),
        ['decoder'],
      );
    } finally {
      remove();
    }
  });

  it('names the cases and peers that it knows', async () => {
    const main = join(import.meta.dirname, 'main.js');
    const run = (...words: string[]): Promise<{ stdout: string }> =>
      promisify(execFile)(process.execPath, [main, ...words]);
    const refusal = (words: string[], message: RegExp): Promise<void> =>
      assert.rejects(run(...words), (error: Error & { code: number; stderr: string }) => {
        assert.match(error.stderr, message);
        return error.code === 2;
      });
    await refusal(['epohc'], /no case "epohc"\. Did you mean "epoch"\? Known: matmul/);
    await refusal(['command', '--peer', 'recbole'], /no peer "recbole"\. Did you mean "RecBole"\?/);
    await refusal(['decoder', '--peer', 'RecBole'], /no peer "RecBole"\. Known: torch\./);
    const { stdout } = await run('command', '--peer', 'RecBole', '--list');
    assert.match(stdout, /\(peers: RecBole\)/);
  });

  it('draws how cost grows, beside what was expected', () => {
    const at = (value: number, users: number): object => ({
      values: [value],
      growth: { cost: 'seconds an epoch', along: 'users', at: users, expected: 'linear', series: 'all' },
    });
    const figures = [at(1, 100), at(3, 200), { values: [7] }] as GrowthFigure[];
    const svg = drawGrowth(figures);
    for (const text of ['seconds an epoch', 'users', '>all<']) assert.ok(svg.includes(text), text);
    const [expected, measured] = [
      ...svg.matchAll(/aria-label="line"><path d="M[^L]*,([\d.]+)L[^,]*,([\d.]+)"/g),
    ];
    assert.equal(expected[1], measured[1]);
    assert.ok(Number(measured[2]) < Number(expected[2])); // higher up: it grew by more
    assert.throws(() => drawGrowth([{ values: [7] }] as GrowthFigure[]), /scaling/);
  });

  it('has cases with distinct ids that say what they measure', () => {
    assert.equal(new Set(cases.map(({ id }) => id)).size, cases.length);
    for (const { id, summary } of cases) assert.ok(/^[a-z-]+$/.test(id) && summary.length > 10, id);
  });
});
