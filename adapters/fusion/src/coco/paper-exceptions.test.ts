import assert from 'node:assert/strict';
import { readConfig } from '@coco-rec/core';
import { tinyWorld } from '../tiny-world.test.js';
import { CoCoFusion } from './coco.js';
import { CoCoConfig } from './config.js';
import { paperExceptions } from './paper-exceptions.js';
import { type CoCoSettings, settingsOf } from './presets.js';

const settings = (keys: object): CoCoSettings => settingsOf(readConfig(CoCoConfig, keys, 'fusion'));

async function logOf(keys: object): Promise<readonly string[]> {
  const world = await tinyWorld(new CoCoFusion(settings({ codebook: { size: 8 }, ...keys })));
  world.dispose();
  return world.log.filter((line) => line.includes('preset paper'));
}

describe('the exceptions of the preset paper', () => {
  const about = (keys: object, words: RegExp): boolean =>
    paperExceptions(settings({ preset: 'paper', ...keys })).some((line) => words.test(line));

  it('are printed with it, and only with it', async () => {
    const printed = await logOf({ preset: 'paper' });
    assert.deepEqual(printed, paperExceptions(settings({ preset: 'paper', codebook: { size: 8 } })));
    assert.equal(printed.length, 9);
    assert.deepEqual(await logOf({}), []);
  });

  it('tell what it fills in, with the figures of the config', () => {
    assert.ok(about({}, /rule "cosine".*30 at most.*softmax over 64 prompts/));
    assert.ok(about({}, /newest 16 titles/));
    assert.ok(about({ maxTitles: 5, fusedPositions: 3 }, /newest 5 titles/));
    assert.ok(about({ fusedPositions: 3 }, /last 3 positions of a history/));
    assert.ok(about({}, /last position of a history/));
    assert.ok(about({}, /"train\.loss" \(the paper: InfoNCE.*"train\.warmEpochs"/));
  });

  it('leave out what the config takes as written, or not at all', () => {
    const cases: readonly (readonly [object, RegExp])[] = [
      [{ codebook: { rule: 'softmax' } }, /rule "/],
      [{ codebook: { orthogonality: 'literal' } }, /orthogonality/],
      [{ codebook: { init: 'queries' } }, /first prompts/],
      [{ granularity: 'token' }, /titles are read/],
      [{ soft: false }, /prompt|orthogonality|W_e/],
    ];
    for (const [keys, words] of cases) {
      assert.ok(about({}, words), String(words));
      assert.ok(!about(keys, words), String(words));
    }
  });
});
