/** A trained model is used from another working directory than the one it was trained in. */
import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { type CocoRun, runCoco } from './testing/run-coco.js';
import { writeTinyLlm } from './testing/tiny-llm.js';
import { Workshop, assertGood, assertRefused } from './testing/workshop.js';

describe('a model from another working directory', function () {
  this.timeout(120_000);
  let shop: Workshop;
  let elsewhere: string;
  let environment: Readonly<Record<string, string>>;
  /** What `recommend` prints where it was trained. */
  let expected: string;

  const asked = ['--history', 'i3,i4', '-k', '3'];
  const from = (folder: string, ...line: string[]): Promise<CocoRun> =>
    runCoco(line, { folder, environment });
  const recommends = async (folder: string, run: string): Promise<void> => {
    const found = await from(folder, 'recommend', run, ...asked);
    assertGood(found);
    assert.equal(found.output, expected);
  };

  before(async () => {
    shop = await Workshop.open();
    elsewhere = await mkdtemp(join(tmpdir(), 'coco-elsewhere-'));
    environment = { COCO_CACHE: join(elsewhere, 'cache') };
    await writeTinyLlm(shop.at('models/own'));
    await shop.config('text.yaml', 'knowledge: { id: local, model: models/own }', 'fusion: text', 'output: runs/text'); // prettier-ignore
    assertGood(await from(shop.folder, 'train', 'text.yaml'));
    const here = await from(shop.folder, 'recommend', 'runs/text', ...asked);
    assertGood(here);
    expected = here.output;
    // Other data at the same relative path must not be taken for those of the model.
    await mkdir(join(elsewhere, 'tiny'));
    await cp(shop.at('tiny/tiny.item'), join(elsewhere, 'tiny', 'tiny.inter'));
  });
  after(async () => {
    await shop.close();
    await rm(elsewhere, { recursive: true, force: true });
  });

  it('recommends and is measured as where it was trained', async () => {
    await recommends(elsewhere, shop.at('runs/text'));
    const measured = await from(elsewhere, 'evaluate', shop.at('runs/text'), '--json');
    assertGood(measured);
    const { test } = await shop.json('runs/text/result.json');
    assert.deepEqual((JSON.parse(measured.output) as { test: object }).test, test);
  });

  it('works where the run has left its project, and from the project where that has moved', async () => {
    const moved = join(elsewhere, 'moved');
    await mkdir(moved);
    await rename(shop.at('runs'), join(moved, 'runs'));
    await recommends(elsewhere, join(moved, 'runs/text'));
    for (const name of ['tiny', 'models']) await rename(shop.at(name), join(moved, name));
    await recommends(moved, 'runs/text');
    for (const name of ['tiny', 'models', 'runs']) await rename(join(moved, name), shop.at(name));
  });

  it('says which data or which language model are missing', async () => {
    await rename(shop.at('models'), shop.at('away'));
    const unread = await from(elsewhere, 'recommend', shop.at('runs/text'), ...asked);
    assertRefused(unread, 1, /no model at \S*coco-cli-\S*models.own/);
    await rename(shop.at('away'), shop.at('models'));
    await rename(shop.at('tiny'), shop.at('away'));
    await rm(join(elsewhere, 'tiny'), { recursive: true });
    const lost = await from(elsewhere, 'evaluate', shop.at('runs/text'));
    assertRefused(
      lost,
      1,
      /trained on data that are not there any more: "data\.path" was \S*coco-cli-\S*tiny\./,
    );
  });
});
