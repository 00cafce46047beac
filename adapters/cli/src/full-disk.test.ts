import assert from 'node:assert/strict';
import { mkdir, readFile, readdir, rm, stat, symlink } from 'node:fs/promises';
import { after, before, describe, it } from 'mocha';
import { writeTinyLlm } from './testing/tiny-llm.js';
import { Workshop, assertGood, assertRefused } from './testing/workshop.js';

/** A limit on the size of files stands in for a disk that is full while something is written. */
describe('a disk that is full', function () {
  this.timeout(120_000);
  let shop: Workshop;

  before(async () => {
    shop = await Workshop.open();
    assertGood(await shop.coco(['train', 'base.yaml']));
  });
  after(() => shop.close());

  it('keeps the earlier checkpoint, and the same command goes on when there is room', async () => {
    const line = ['train', 'base.yaml', '--set', 'output=runs/full'];
    const stopped = await shop.coco(line, { stopAt: [/joint epoch 1:/] });
    assert.equal(stopped.code, 130, stopped.errors);
    const checkpoint = shop.at('runs/full/checkpoint.safetensors');
    const before = await readFile(checkpoint);
    assertRefused(await shop.coco(line, { fileBlocks: 8 }), 1, /Cannot write .*checkpoint\.safetensors/);
    assert.ok((await readFile(checkpoint)).equals(before), 'the checkpoint changed');
    assert.deepEqual(
      (await readdir(shop.at('runs/full'))).filter((name) => name.endsWith('.tmp')),
      [],
    );
    assertGood(await shop.coco(line));
    const [full, base] = [await shop.json('runs/full/result.json'), await shop.json('runs/base/result.json')];
    assert.deepEqual(full.test, base.test);
  });

  it('is told where a line is added', async function () {
    if (!(await stat('/dev/full').catch(() => undefined))) this.skip(); // the device exists on Linux
    await mkdir(shop.at('runs/line'), { recursive: true });
    await symlink('/dev/full', shop.at('runs/line/metrics.jsonl'));
    const line = ['train', 'base.yaml', '--set', 'output=runs/line'];
    assertRefused(await shop.coco(line), 1, /metrics\.jsonl: the disk is full/);
    await rm(shop.at('runs/line/metrics.jsonl'));
    assertGood(await shop.coco(line));
  });

  it('leaves no half file of data, shops and models', async () => {
    await writeTinyLlm(shop.at('llm'));
    const lines = [
      ['data', 'import', 'tiny', '--out', 'out/imported'],
      ['data', 'simulate', '--items', '50', '--users', '400', '--out', 'out/shop.shop.jsonl'],
      ['model', 'pull', 'llm', '--out', 'out/llm'],
    ];
    for (const line of lines)
      assertRefused(await shop.coco(line, { fileBlocks: 3 }), 1, /Cannot write .*out\//);
    const left = (await readdir(shop.at('out'), { recursive: true })).filter((name) =>
      /inter|shop|safetensors/.test(name),
    );
    assert.deepEqual(left, []);
  });

  it('is told where the output goes', async function () {
    if (!(await stat('/dev/full').catch(() => undefined))) {
      console.log('      skipped: this system has no /dev/full');
      this.skip();
    }
    assertRefused(
      await shop.coco(['list'], { behind: '> /dev/full' }),
      1,
      /Cannot write the output: the disk is full/,
    );
  });
});
