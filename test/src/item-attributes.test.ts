/** Weights that belong to items' attributes, and data whose attributes are others the next time. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CocoError, UsageError, loadCheckpoint, saveCheckpoint } from '@coco-rec/core';
import {
  NodeFileStore,
  type PlainConfig,
  type Recommender,
  createRecommender,
  loadRecommender,
} from '@coco-rec/standard';
import { startTestEngine } from './support/engine.js';
import { smallConfig, smallShop, temporaryFolder, writeShop } from './support/small-run.js';

const histories = [['item3', 'item28', 'item11'], ['item5']];
const tags = ['red', 'blue', 'small', 'large'];

describe('attributes of items', () => {
  const { folder, remove } = temporaryFolder();
  const opened: Recommender[] = [];
  const open = (recommender: Recommender): Recommender => {
    opened.push(recommender);
    return recommender;
  };
  const lines: string[] = [];
  let path = '';
  let config: PlainConfig;
  const runOf = (id: string): PlainConfig => ({
    ...config,
    backbone: { id, dimension: 16, maxLength: 12, ...(id === 'pinnerformer' && { itemAttributes: true }) },
    output: join(folder, id),
  });

  before(async () => {
    await startTestEngine();
    const data = await writeShop(folder, 'shop', smallShop());
    path = String(data.items);
    const items = (await readFile(path, 'utf8')).trim().split('\n');
    items.forEach((line, i) => {
      const attributes = [tags[i % 4], tags[(i * 7) % 3]];
      lines.push(JSON.stringify({ ...(JSON.parse(line) as object), attributes }));
    });
    config = smallConfig({ ...data, attributes: 'attributes' }, 'none', join(folder, 'run'));
  });
  beforeEach(() => writeFile(path, `${lines.join('\n')}\n`));
  after(() => {
    for (const recommender of opened) recommender.dispose();
    remove();
  });

  for (const id of ['fdsa', 'pinnerformer']) {
    it(`may come in another order once ${id} is trained, but not under other names`, async () => {
      const fitted = open(createRecommender(runOf(id)));
      await fitted.fit();
      const before = await fitted.recommend(histories, 6);
      await writeFile(path, `${[...lines].reverse().join('\n')}\n`);
      assert.deepEqual(await open(await loadRecommender(join(folder, id))).recommend(histories, 6), before);
      await writeFile(path, `${lines.join('\n').replaceAll('"blue"', '"azure"')}\n`);
      await assert.rejects(
        loadRecommender(join(folder, id)),
        (error) => error instanceof CocoError && /trained on other attributes of items/.test(error.message),
      );
    });
  }

  it('of a version that numbered them otherwise are not taken for these', async () => {
    const run = { ...runOf('fdsa'), output: join(folder, 'before') };
    await open(createRecommender(run)).fit();
    const files = new NodeFileStore(run.output);
    const saved = await loadCheckpoint<Record<string, unknown>>(files, 'model.safetensors');
    assert.ok(saved?.info.attributesHash);
    const { attributesHash: _hash, ...info } = saved.info;
    await saveCheckpoint(files, 'model.safetensors', { tensors: saved.tensors, info });
    await assert.rejects(
      loadRecommender(run.output),
      (error) =>
        error instanceof CocoError && /as versions before this one did: train it anew/.test(error.message),
    );
    const claim = join(run.output, 'run.json');
    const { sideHash, ...old } = JSON.parse(await readFile(claim, 'utf8')) as Record<string, unknown>;
    assert.equal(typeof sideHash, 'string');
    await writeFile(claim, JSON.stringify(old));
    await assert.rejects(
      open(createRecommender(run)).fit(),
      (error) => error instanceof UsageError && /holds a run of other data/.test(error.message),
    );
  });

  it('do not matter to a saved model that reads none', async () => {
    await open(createRecommender(runOf('sasrec'))).fit();
    await writeFile(path, `${lines.join('\n').replaceAll('"blue"', '"azure"')}\n`);
    const loaded = open(await loadRecommender(join(folder, 'sasrec')));
    assert.equal((await loaded.recommend(histories, 6))[0].length, 6);
  });

  it('belong to the data of a run folder: a run with others is not gone on with', async () => {
    const run = { ...runOf('fdsa'), output: join(folder, 'claimed') };
    await open(createRecommender(run)).fit();
    await open(createRecommender(run)).fit();
    await writeFile(path, `${lines.join('\n').replace('"red"', '"large"')}\n`);
    await assert.rejects(
      open(createRecommender(run)).fit(),
      (error) => error instanceof UsageError && /holds a run of other data/.test(error.message),
    );
  });
});
