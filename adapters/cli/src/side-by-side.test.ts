import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdir, stat } from 'node:fs/promises';
import { after, before, describe, it } from 'mocha';
import type { Comparison } from '@coco-rec/standard';
import { compareLine, openPair } from './testing/compared-pair.js';
import { type Workshop, assertGood, assertRefused } from './testing/workshop.js';

describe('coco compare --jobs', function () {
  this.timeout(240_000);
  let shop: Workshop;

  before(async () => {
    shop = await openPair();
  });
  after(() => shop.close());

  const figures = async (output: string): Promise<unknown> => {
    const { methods } = await shop.json<Comparison>(`runs/${output}/comparison.json`);
    return methods.map(({ name, mean, difference, runs }) => [
      name,
      mean,
      difference,
      runs.map(({ seed }) => seed),
    ]);
  };

  it('trains runs side by side to the numbers of one after the other, from the same warm starts', async () => {
    assertGood(await shop.coco(compareLine('one')));
    const run = await shop.coco(compareLine('two', '--jobs', '2'));
    assertGood(run);
    assert.deepEqual(await figures('two'), await figures('one'));
    const warm = await readdir(shop.at('runs/two/warm'));
    assert.deepEqual(warm.map((name) => name.replace(/-[0-9a-f]{12}$/, '')).sort(), ['seed-1', 'seed-2']);
    await stat(shop.at(`runs/two/warm/${warm[0]}/warm.safetensors`));
    const again = await shop.coco(compareLine('two', '--jobs', '2'));
    assertGood(again);
    assert.equal(again.errors.match(/already finished, kept/g)?.length, 4);
  });

  it('takes no warm start of another config that was left in the folder', async () => {
    const slow = ['--set', 'train.learningRate=0.0005', '--seeds', '1'];
    assertGood(await shop.coco(compareLine('left', '--fusions', 'none', '--seeds', '1')));
    assertGood(await shop.coco(compareLine('left', '--fusions', 'text', ...slow)));
    assertGood(await shop.coco(compareLine('clean', '--fusions', 'text', ...slow)));
    assert.deepEqual(await figures('left'), await figures('clean'));
    assert.equal((await readdir(shop.at('runs/left/warm'))).length, 2);
  });

  it('stopped by Ctrl-C keeps what each run has, and goes on', async () => {
    const long = [
      '--jobs',
      '2',
      '--set',
      'train={ epochs: 12, warmEpochs: 2, usersPerStep: 4, warmupSteps: 5 }',
    ];
    const stopped = await shop.coco(compareLine('stopped', ...long), {
      stopAt: [/seed 2: \S+ joint epoch 0:/],
    });
    assertRefused(stopped, 130, /Finished runs are kept, and the others go on from their checkpoints/);
    assertGood(await shop.coco(compareLine('stopped', ...long)));
    assertGood(await shop.coco(compareLine('unbroken', ...long)));
    assert.deepEqual(await figures('stopped'), await figures('unbroken'));
  });

  it('says which run failed and by what, and stops the others', async () => {
    const wrong = await shop.coco(compareLine('wrong', '--jobs', '2', '--set', 'data.path=nowhere'));
    assertRefused(wrong, 1, /nowhere/);
    // A run folder of another config is found by the process that would train in it.
    await shop.coco(compareLine('mixed', '--fusions', 'none', '--seeds', '1'));
    const mixed = await shop.coco(compareLine('mixed', '--jobs', '2', '--set', 'train.learningRate=0.002'));
    assertRefused(mixed, 2, /none, seed 1: .* holds a run of another config/);
  });

  it('says so where a process is killed', async function () {
    if (process.platform === 'win32') {
      console.log('skipped: there is no ps on Windows');
      this.skip();
    }
    const long = [
      '--jobs',
      '2',
      '--set',
      'train={ epochs: 200, warmEpochs: 100, usersPerStep: 4, warmupSteps: 5 }',
    ];
    const ended = shop.coco(compareLine('killed', ...long));
    let worker: number | undefined;
    for (let tries = 0; worker === undefined && tries < 600; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      worker = workerOf('runs/killed');
    }
    process.kill(worker ?? assert.fail('no process was started'), 'SIGKILL');
    assertRefused(await ended, 1, /seed \d: its process ended by SIGKILL: often the memory was short/);
  });
});

/** A process that the comparison in a folder has started. */
function workerOf(output: string): number | undefined {
  const lines = execFileSync('ps', ['-eo', 'pid=,ppid=,args='], { encoding: 'utf8' }).split('\n');
  const all = lines.map((line) => /^ *(\d+) +(\d+) (.*)$/.exec(line)?.slice(1) ?? []);
  const parent = all.find(([, , words = '']) => words.includes('bin.js') && words.includes(output))?.[0];
  const own = all.find(([, above, words = '']) => above === parent && words.includes('run-worker'));
  return own && Number(own[0]);
}
