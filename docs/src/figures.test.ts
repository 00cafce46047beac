import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Comparison } from '@coco-rec/standard';
import { gainsFigure, gainsFile, readComparison } from './figures.js';
import { drawGains } from './gains-figure.js';
import { readPages, rootFolder } from './pages.js';
import { runNode } from './run-process.js';

describe('The figure of gains', () => {
  it('is up to date (npm run figures -w @coco-rec/docs)', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'coco-figures-'));
    try {
      // In a process of its own: where there is a global `it`, Plot shifts everything by half a pixel.
      const script = fileURLToPath(new URL('generate-figures.js', import.meta.url));
      const { code, output } = await runNode([script, folder], rootFolder);
      assert.equal(code, 0, output);
      const drawn = await readFile(join(folder, basename(gainsFile)), 'utf8');
      assert.ok(drawn === (await readFile(gainsFile, 'utf8')), 'It is not what the results give now.');
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('shows every method with the figures of its table, the controls too', async () => {
    const figure = await gainsFigure();
    const { text = '' } = (await readPages()).find(({ path }) => path.endsWith('beauty-fusions.md')) ?? {};
    const gains = text
      .split('\n## ')[0]
      .matchAll(/^\| (?:text|concat|mlp|coco):.*?\| ([+−][\d.]+ %) .*?\| ([+−][\d.]+ %) /gm);
    const all = [...gains].slice(0, 8).flatMap(([, recall, ndcg]) => [recall, ndcg]);
    assert.equal(all.length, 16);
    for (const gain of all) assert.ok(figure.includes(gain), gain);
    for (const words of [
      'titles dealt to other items',
      'random language model',
      '5 seeds',
      'off the scale',
    ]) {
      assert.ok(figure.includes(words), words);
    }
  });

  it('refuses a method that it has no name for, or no difference of', async () => {
    const comparison = await readComparison();
    const withMethod = (change: object): Comparison => ({
      ...comparison,
      methods: comparison.methods.map((method, i) => (i === 1 ? { ...method, ...change } : method)),
    });
    assert.throws(() => drawGains(withMethod({ name: 'kar' })), /no place for "kar"/);
    assert.throws(() => drawGains(withMethod({ difference: undefined })), /no place for "text:/);
  });
});
