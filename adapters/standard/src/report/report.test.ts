import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { NodeFileStore } from '../node-ports.js';
import { type EpochRecord, type RunEpochs, chartsOf, readEpochs } from './curves.js';
import { protocolLine, renderReport } from './render-report.js';

const epochs: EpochRecord[] = [
  { stage: 'warm', epoch: 1, recommendation: 3, seconds: 1 },
  { stage: 'warm', epoch: 2, recommendation: 2, seconds: 1 },
  { stage: 'joint', epoch: 1, recommendation: 1.5, seconds: 1, 'validation ndcg@5': 0.1, gate: 0.5 },
  { stage: 'joint', epoch: 2, recommendation: 1.2, seconds: 1, 'validation ndcg@5': 0.2, gate: 0.6 },
];
const run: RunEpochs = { name: 'coco <b>', epochs, warmEpochs: 2 };

describe('chartsOf', () => {
  it('counts epochs through both stages', () => {
    const [loss, ndcg] = chartsOf([run]);
    assert.deepEqual(
      loss.series[0].points.map(({ epoch }) => epoch),
      [1, 2, 3, 4],
    );
    assert.equal(ndcg.title, 'Validation N@5');
    assert.deepEqual(ndcg.series[0].points, [
      { epoch: 3, value: 0.1 },
      { epoch: 4, value: 0.2 },
    ]);
  });

  it('shows gauges of a single run only', () => {
    const titles = (runs: readonly RunEpochs[]): string[] => chartsOf(runs).map(({ title }) => title);
    assert.ok(titles([run]).includes('gate'));
    assert.ok(!titles([run, run]).includes('gate'));
    assert.ok(!titles([run]).includes('seconds'));
  });
});

describe('readEpochs', () => {
  it('takes an epoch that was logged twice once, and leaves a torn line out', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'coco-report-'));
    try {
      const lines = [...epochs, { ...epochs[3], recommendation: 1.1 }].map((record) =>
        JSON.stringify(record),
      );
      await writeFile(join(folder, 'metrics.jsonl'), `${lines.join('\n')}\n{"stage":"joi`);
      const read = await readEpochs(new NodeFileStore(folder));
      assert.equal(read.length, 4);
      assert.equal(read[3].recommendation, 1.1);
      assert.deepEqual(await readEpochs(new NodeFileStore(join(folder, 'absent'))), []);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('renderReport', () => {
  const page = renderReport({
    title: '</title><script>1</script>',
    tables: [{ title: 'T', columns: [{ label: 'A' }], rows: [['<img src=x onerror=1>']], notes: ['n & m'] }],
    charts: chartsOf([run]),
    protocol: { topK: [5, 10], usersWithFewerThan3Interactions: 2, data: '<i>' },
  });

  it('stands alone: no script and nothing from the network', () => {
    assert.doesNotMatch(page, /<script|<link|<img|<iframe|@import|url\(/i);
    const addresses = page.match(/https?:\/\/[^"' ]+/g) ?? [];
    assert.deepEqual(
      addresses.filter((address) => !address.startsWith('http://www.w3.org/')),
      [],
    );
  });

  it('draws one SVG with a line for each chart, in the colour of the legend', () => {
    const charts = chartsOf([run]);
    assert.equal(page.match(/<svg /g)?.length, charts.length);
    const colour = /class="swatch" style="background:(#[0-9a-f]{6})"/.exec(page)?.[1] ?? 'none';
    assert.equal(page.split(`stroke="${colour}"`).length - 1, charts.length);
    assert.ok(page.includes('coco &lt;b&gt;'));
  });

  it('has the protocol as a line', () => {
    assert.equal(
      protocolLine({ topK: [5, 10], usersWithFewerThan3Interactions: 2 }),
      'top k: [5,10]; users with fewer than 3 interactions: 2',
    );
    assert.ok(page.includes('data: &lt;i&gt;'));
  });
});
