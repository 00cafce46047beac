/** The demo end to end, on a shop so small that it takes seconds. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'mocha';
import { UsageError } from '@coco-rec/core';
import { demoSettings } from './demo-config.js';
import { type Demo, type DemoOptions, runDemo } from './demo.js';
import type { PlainConfig } from './load-config.js';

describe('the demo', function () {
  this.timeout(300_000);
  const folder = mkdtempSync(join(tmpdir(), 'coco-demo-'));
  const output = join(folder, 'demo');
  after(() => rmSync(folder, { recursive: true, force: true }));

  const logged: string[] = [];
  const progress = { report: () => undefined, log: (line: string) => void logged.push(line) };
  const config: PlainConfig = {
    data: { ...demoSettings.config.data, items: 60, users: 80, tastes: 8 },
    train: { ...demoSettings.config.train, epochs: 3, warmEpochs: 1 },
  };
  const demo = (options: DemoOptions = {}): Promise<Demo> =>
    runDemo({ output, config, progress, ...options });

  it('sets popularity, the fusions and the oracle side by side, and writes the report', async () => {
    const { table, report } = await demo();
    const names = table.rows.map(([name]) => name);
    assert.deepEqual(names, [
      'popularity',
      'SASRec',
      'SASRec + concat',
      'SASRec + mlp',
      'SASRec + coco',
      'oracle',
    ]);
    const figures = table.rows.map(([, recall, ndcg]) => [Number(recall), Number(ndcg)]);
    const oracle = figures[figures.length - 1];
    for (const [recall, ndcg] of figures) {
      assert.ok(recall > 0 && ndcg > 0 && recall <= 1);
      assert.ok(oracle[0] >= recall, 'the oracle is the best');
    }
    for (const [name, , , gain, interval] of table.rows) {
      const isFused = name.startsWith('SASRec +');
      assert.equal(/^[+−-]?\d+\.\d %$/.test(gain), isFused, `${name}: ${gain}`);
      assert.equal(interval.includes('…'), isFused);
    }
    const page = readFileSync(report, 'utf8');
    assert.ok(page.includes(table.title) && page.includes('<svg'));
  });

  it('keeps what is finished, and begins anew where it is told to', async () => {
    logged.length = 0;
    await demo({ fusions: 'none,concat' });
    assert.ok(logged.includes('concat, seed 1: already finished, kept.'), logged.join('\n'));
    logged.length = 0;
    await demo({ fusions: 'none', fresh: true });
    assert.ok(!logged.some((line) => line.includes('already finished')));
    assert.ok(!existsSync(join(output, 'concat')));
  });

  it('says what to do with what another demo left', async () => {
    const other: PlainConfig = { ...config, seed: 2 };
    await assert.rejects(demo({ config: other }), (error) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, /demo holds a demo of other settings.*"coco demo --fresh"/);
      return true;
    });
    await demo({ fusions: 'none' }); // the earlier one goes on
  });

  it('removes no folder that no demo wrote', async () => {
    const own = mkdtempSync(join(folder, 'own-'));
    writeFileSync(join(own, 'letters.txt'), 'dear all');
    await assert.rejects(demo({ output: own, fresh: true }), /is not the folder of a demo/);
    assert.ok(existsSync(join(own, 'letters.txt')));
  });
});
