import assert from 'node:assert/strict';
import { ndcgAt, rankMetrics } from './metrics.js';

const isClose = (actual: number, expected: number): void =>
  assert.ok(Math.abs(actual - expected) < 1e-12, `${actual}, not ${expected}`);

describe('metrics', () => {
  it('give 1 / log2(rank + 1) up to the cut-off and 0 beyond', () => {
    isClose(ndcgAt(1, 5), 1);
    isClose(ndcgAt(3, 5), 0.5);
    isClose(ndcgAt(5, 5), 1 / Math.log2(6));
    assert.equal(ndcgAt(6, 5), 0);
  });

  it('are means over users', () => {
    const metrics = rankMetrics(Int32Array.of(1, 3, 5, 6, 20), [5, 10]);
    isClose(metrics['recall@5'], 3 / 5);
    isClose(metrics['recall@10'], 4 / 5);
    isClose(metrics['ndcg@5'], (1 + 0.5 + 1 / Math.log2(6)) / 5);
    isClose(metrics['ndcg@10'], (1 + 0.5 + 1 / Math.log2(6) + 1 / Math.log2(7)) / 5);
    isClose(metrics.mrr, (1 + 1 / 3 + 1 / 5 + 1 / 6 + 1 / 20) / 5);
  });

  it('are 0 without users', () => {
    assert.deepEqual(rankMetrics([], [5]), { 'recall@5': 0, 'ndcg@5': 0, mrr: 0 });
  });
});
