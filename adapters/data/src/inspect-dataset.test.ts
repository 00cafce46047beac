import assert from 'node:assert/strict';
import { DatasetBuilder } from '@coco-rec/core';
import { inspectDataset } from './inspect-dataset.js';
import { hasher } from './testing.test.js';
import { simulateShop } from './shop/simulate.js';
import { shopDataset } from './shop/load-shop.js';

const report = { counts: { 'interactions read': 9 }, warnings: ['x: 1 of something.'] };

function small(time: (i: number) => number | undefined): ReturnType<DatasetBuilder['build']> {
  const builder = new DatasetBuilder();
  const rows = ['u1 a', 'u1 b', 'u1 c', 'u1 d', 'u2 a', 'u2 b', 'u2 a', 'u3 a'];
  rows.forEach((row, i) => builder.addInteraction(row.split(' ')[0], row.split(' ')[1], time(i)));
  builder.addItem('e');
  builder.describeItem('a', 'four', ['x']);
  builder.describeItem('b', 'eight ch', ['x', 'y']);
  builder.describeItem('c', ' ');
  return builder.build({ name: 'x', report, hasher });
}

describe('inspectDataset', () => {
  it('counts users, items, lengths, texts', () => {
    const dataset = small((i) => 1_700_000_000 + 86_400 * i);
    assert.deepEqual(inspectDataset(dataset), {
      name: 'x',
      users: 3,
      items: 5,
      interactions: 8,
      historyLength: { mean: 8 / 3, median: 3, max: 4 },
      usersTooShort: 1,
      density: 8 / 15,
      itemsWithoutInteractions: 1,
      itemsWithoutText: 3,
      meanTextLength: 6,
      headShare: 0.5,
      attributes: 2,
      realTimes: true,
      period: { from: '2023-11-14T22:13:20.000Z', to: '2023-11-21T22:13:20.000Z' },
      counts: report.counts,
      warnings: report.warnings,
      hasOracle: false,
      hash: dataset.hash,
    });
  });

  it('tells what a global time split would hold out, where there are times for it', () => {
    const shares = { validationShare: 0.25, testShare: 0.25 };
    const builder = new DatasetBuilder();
    'u1 a, u2 a, u1 b, u2 b, u1 c, u2 a, u1 a, u2 d'
      .split(', ')
      .forEach((row, i) =>
        builder.addInteraction(row.split(' ')[0], row.split(' ')[1], 1_700_000_000 + 60 * i),
      );
    const dataset = builder.build({ name: 'x', report, hasher });
    assert.deepEqual(inspectDataset(dataset, shares).globalTimeSplit, {
      validationFrom: '2023-11-14T22:17:20.000Z',
      testFrom: '2023-11-14T22:19:20.000Z',
      trainingInteractions: 4,
      validationUsers: 2,
      testUsers: 2,
      coldTestTargets: 1,
    });
    assert.ok(!('globalTimeSplit' in inspectDataset({ ...dataset, realTimes: false }, shares)));
    const few = small((i) => 1_700_000_000 + i);
    assert.ok(!('globalTimeSplit' in inspectDataset(few, { validationShare: 0.1, testShare: 0.1 })));
  });

  it('knows times in milliseconds, times that are no dates, and no times', () => {
    assert.equal(
      inspectDataset(small((i) => 1_700_000_000_000 + i)).period?.from,
      '2023-11-14T22:13:20.000Z',
    );
    assert.equal(inspectDataset(small((i) => 5 * i)).period, undefined);
    const none = inspectDataset(small(() => undefined));
    assert.equal(none.realTimes, false);
    assert.equal(none.period, undefined);
  });

  it('takes the mean of the middle two lengths, says that there are no texts, and finds an oracle', () => {
    const builder = new DatasetBuilder();
    for (const row of ['u1 a', 'u2 a', 'u2 b']) builder.addInteraction(row.split(' ')[0], row.split(' ')[1]);
    const summary = inspectDataset(builder.build({ name: 'y', report, hasher }));
    assert.equal(summary.historyLength.median, 1.5);
    assert.equal(summary.itemsWithoutText, 2);
    assert.equal(summary.meanTextLength, 0);
    const shop = shopDataset(simulateShop({ items: 20, users: 5, tastes: 2 }), ['title'], hasher);
    assert.equal(inspectDataset(shop).hasOracle, true);
  });
});
