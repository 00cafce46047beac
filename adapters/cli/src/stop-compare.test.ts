import assert from 'node:assert/strict';
import { readFile, stat } from 'node:fs/promises';
import { after, before, describe, it } from 'mocha';
import type { Comparison } from '@coco-rec/standard';
import { compareLine, openPair } from './testing/compared-pair.js';
import { type Workshop, assertGood, assertRefused } from './testing/workshop.js';

describe('coco compare, one run after the other', function () {
  this.timeout(240_000);
  let shop: Workshop;

  before(async () => {
    shop = await openPair();
  });
  after(() => shop.close());

  const compare = (output: string): string[] =>
    compareLine(output, '--set', 'train={ epochs: 4, warmEpochs: 2, usersPerStep: 4, warmupSteps: 5 }');

  /** All but folders and times. */
  const figures = async (output: string): Promise<unknown> => {
    const { methods } = await shop.json<Comparison>(`runs/${output}/comparison.json`);
    return methods.map(({ name, mean, validation, difference, runs }) => {
      const tests = runs.map(({ seed, result }) => ({ seed, test: result.test, valid: result.validation }));
      return { name, mean, validation, difference, tests };
    });
  };

  const resultOf = (run: string): Promise<string> => readFile(shop.at(`runs/${run}/result.json`), 'utf8');

  it('stopped by Ctrl-C skips finished runs when started again, and comes to the result of an unbroken one', async () => {
    // Runs go seed by seed: two are over and the third, none with seed 2, is in its joint stage.
    const stopped = await shop.coco(compare('stopped'), {
      stopAt: [/none, seed 2: starting\.[^]*joint epoch 0:/],
    });
    assertRefused(
      stopped,
      130,
      /joint epoch 1, step \d+\. The checkpoint is saved: the same command goes on/,
    );
    const finished = ['stopped/none/seed-1', 'stopped/text/seed-1'];
    const before = await Promise.all(finished.map(resultOf));
    await assert.rejects(stat(shop.at('runs/stopped/none/seed-2/result.json')));
    await stat(shop.at('runs/stopped/none/seed-2/checkpoint.safetensors'));

    const again = await shop.coco(compare('stopped'));
    assertGood(again);
    assert.deepEqual(again.errors.match(/\w+, seed \d: (already finished, kept|starting)\./g), [
      'none, seed 1: already finished, kept.',
      'text, seed 1: already finished, kept.',
      'none, seed 2: starting.',
      'text, seed 2: starting.',
    ]);
    assert.deepEqual(await Promise.all(finished.map(resultOf)), before);

    const unbroken = await shop.coco(compare('unbroken'));
    assertGood(unbroken);
    assert.doesNotMatch(unbroken.errors, /already finished/);
    assert.deepEqual(await figures('stopped'), await figures('unbroken'));
  });
});
