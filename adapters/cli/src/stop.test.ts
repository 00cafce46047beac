import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { after, before, describe, it } from 'mocha';
import { Workshop, assertGood, assertRefused } from './testing/workshop.js';

describe('Ctrl-C', function () {
  this.timeout(120_000);
  let shop: Workshop;

  before(async () => {
    shop = await Workshop.open();
    await shop.config('long.yaml', 'output: runs/stopped');
  });
  after(() => shop.close());

  const line = [
    'train',
    'long.yaml',
    '--set',
    'train={epochs: 4, warmEpochs: 2, usersPerStep: 4, warmupSteps: 5}',
  ];

  /** The tensors of the saved model; the header before them holds the output folder. */
  async function tensorBytes(run: string): Promise<Buffer> {
    const bytes = await readFile(shop.at(`${run}/model.safetensors`));
    return bytes.subarray(8 + Number(bytes.readBigUInt64LE(0)));
  }

  it('stops training in the middle of an epoch with 130; the same command gives the result of an unbroken run', async () => {
    // The warm model is validated just before the first joint step.
    const stopped = await shop.coco(line, { stopAt: [/joint epoch 0:/] });
    assertRefused(
      stopped,
      130,
      /joint epoch 1, step [1-9]\d*\. The checkpoint is saved: the same command goes on/,
    );
    await assert.rejects(stat(shop.at('runs/stopped/result.json')));
    assertGood(await shop.coco(line));
    assertGood(await shop.coco([...line, '--set', 'output=runs/unbroken']));
    const [a, b] = [
      await shop.json('runs/stopped/result.json'),
      await shop.json('runs/unbroken/result.json'),
    ];
    assert.deepEqual(a.test, b.test);
    assert.deepEqual(a.validation, b.validation);
    const [mine, other] = [await tensorBytes('runs/stopped'), await tensorBytes('runs/unbroken')];
    assert.ok(mine.length > 1000);
    assert.ok(mine.equals(other), 'the weights differ');
  });

  it('pressed twice, stops at once', async () => {
    // Nobody reads this pipe: writing the metrics of the first epoch never ends.
    await mkdir(shop.at('runs/hung'), { recursive: true });
    await promisify(execFile)('mkfifo', [shop.at('runs/hung/metrics.jsonl')]);
    const hung = ['train', 'base.yaml', '--set', 'output=runs/hung', '--set', 'train.warmEpochs=0'];
    const run = await shop.coco(hung, { stopAt: [/joint epoch 1:/, /Press Ctrl-C again to stop at once/] });
    assert.equal(run.code, 130, run.errors);
  });
});
