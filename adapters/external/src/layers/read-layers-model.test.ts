import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CocoError } from '@coco-rec/core';
import { readLayersModel } from './read-layers-model.js';

const folder = mkdtempSync(join(tmpdir(), 'coco-layers-'));
const path = join(folder, 'model.json');
writeFileSync(join(folder, 'weights.bin'), '');

async function refuses(modelTopology: object | null, weights: unknown[], words: RegExp): Promise<void> {
  writeFileSync(
    path,
    JSON.stringify({ modelTopology, weightsManifest: [{ paths: ['weights.bin'], weights }] }),
  );
  await assert.rejects(readLayersModel(path), (error: unknown) => {
    assert.ok(error instanceof CocoError, String(error));
    assert.match(error.message, words);
    return true;
  });
}

describe('a model.json', () => {
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('without a topology is refused', () =>
    refuses(null, [], /model\.json is no layers model: it lacks "modelTopology" or "weightsManifest"\.$/));

  it('of a graph, or that is a folder, is named as such', async () => {
    writeFileSync(
      path,
      JSON.stringify({ format: 'graph-model', modelTopology: { node: [] }, weightsManifest: [] }),
    );
    await assert.rejects(
      readLayersModel(path),
      /model\.json is a graph model, which cannot be trained: save a layers/,
    );
    await assert.rejects(readLayersModel(folder), /coco-layers-\w+ is not a file\.$/);
    await assert.rejects(readLayersModel(join(folder, 'none.json')), /There is no file .*none\.json\.$/);
  });

  it('with a weight that is none is refused', async () => {
    await refuses(
      {},
      [null],
      /model\.json lists the weight null; a weight should have a "name" and a "shape"/,
    );
    for (const weight of [
      { name: 'kernel', dtype: 'float32' },
      { shape: [1], dtype: 'float32' },
    ])
      await refuses({}, [weight], /lists the weight \{.*\}; a weight should have/);
  });

  it('with an unknown layer is refused in a whole sentence', () =>
    refuses(
      { class_name: 'Sequential', config: { layers: [{ class_name: 'Attend', config: {} }] } },
      [],
      /cannot be built as a layers model \(Unknown layer: Attend\); use only what .* \(layersUnit\)\.$/,
    ));
});
