import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { controlsOf, readVariants } from './fusion-variants.js';

describe('fusion variants', () => {
  it('take keys of their own and those of the config', () => {
    const [none, coco] = readVariants('none,coco:preset=paper;layers=2', { id: 'coco', layers: 6, codes: 8 });
    assert.deepEqual(none.setting, { id: 'none' });
    assert.deepEqual(coco.setting, { id: 'coco', layers: 2, codes: 8, preset: 'paper' });
  });

  it('are refused twice, empty, and with a key that has no value', () => {
    assert.throws(() => readVariants('none,none', 'none'), /names "none" twice/);
    assert.throws(() => readVariants(' , ', 'none'), /--fusions is empty/);
    assert.throws(() => readVariants('coco:preset', 'none'), /write keys as coco:key=value/);
  });

  it('know their controls: the same keys in any order, and a control', () => {
    const variants = readVariants(
      'none,coco,coco:a=1;b=2,coco:b=2;control=placebo;a=1,coco:control=random,coco:control=placebo;a=2,text:control=random',
      'none',
    );
    assert.deepEqual(controlsOf('coco', variants), ['coco:control=random']);
    assert.deepEqual(controlsOf('coco:a=1;b=2', variants), ['coco:b=2;control=placebo;a=1']);
    assert.deepEqual(controlsOf('none', variants), []);
    assert.deepEqual(controlsOf('coco:control=random', variants), [], 'a control has none itself');
  });
});
