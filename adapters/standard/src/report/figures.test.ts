import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { durationText, gainText, intervalText, metricLabel, metricText, pText } from './figures.js';

describe('figures', () => {
  it('writes gains with their sign', () => {
    assert.equal(gainText(0.0613), '+6.1 %');
    assert.equal(gainText(-0.02), '-2.0 %');
    assert.equal(gainText(-0.0001), '0.0 %');
    assert.equal(gainText(Number.NaN), '–');
    assert.equal(intervalText(-0.01, 0.052), '-1.0 … +5.2 %');
  });

  it('writes a dash for what was not measured', () => {
    assert.equal(metricText(undefined), '–');
    assert.equal(metricText(0), '0.0000');
    assert.equal(pText(undefined), '–');
    assert.equal(pText(0.0002), '< 0.001');
  });

  it('writes durations, and never sixty seconds', () => {
    assert.deepEqual([0.04, 59.7, 185, 7800].map(durationText), [
      '0.0 s',
      '1 min 00 s',
      '3 min 05 s',
      '2 h 10 min',
    ]);
    assert.equal(durationText(Infinity), '–');
  });

  it('shortens names of metrics', () => {
    assert.deepEqual(['recall@5', 'ndcg@10', 'mrr', 'coverage@10'].map(metricLabel), [
      'R@5',
      'N@10',
      'MRR',
      'coverage@10',
    ]);
  });
});
