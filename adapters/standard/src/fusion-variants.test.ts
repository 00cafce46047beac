import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { controlsOf, readVariants } from './fusion-variants.js';
import { checkConfig } from './load-config.js';

describe('fusion variants', () => {
  it('take keys of their own and those of the config', () => {
    const [none, coco] = readVariants('none,coco:preset=paper;layers=2', {
      fusion: { id: 'coco', layers: 6, codes: 8 },
    });
    assert.deepEqual(none.setting, { id: 'none' });
    assert.deepEqual(coco.setting, { id: 'coco', layers: 2, codes: 8, preset: 'paper' });
  });

  it('take the keys that the config holds for their fusion; nearer ones go before', () => {
    const fusions = { text: { textWidth: 64 }, coco: { codes: 4, layers: 3 } };
    const config = { fusion: { id: 'coco', layers: 6 }, fusions };
    const settings = readVariants('text,text:textWidth=8,coco:codes=2', config).map(({ setting }) => setting);
    assert.deepEqual(settings, [
      { id: 'text', textWidth: 64 },
      { id: 'text', textWidth: 8 },
      { id: 'coco', codes: 2, layers: 6 },
    ]);
  });

  it('may have names of their own', () => {
    const fusions = { wide: { id: 'text', textWidth: 512 }, text: { textWidth: 64, control: 'none' } };
    const variants = readVariants('text,wide,wide:textWidth=256', { fusion: 'none', fusions });
    assert.deepEqual(variants, [
      { name: 'text', setting: { id: 'text', textWidth: 64, control: 'none' } },
      { name: 'wide', setting: { id: 'text', textWidth: 512 } },
      { name: 'wide:textWidth=256', setting: { id: 'text', textWidth: 256 } },
    ]);
    const { fusion } = checkConfig({ data: {}, fusion: 'wide', fusions });
    assert.deepEqual(fusion, { id: 'text', textWidth: 512 });
    assert.equal(checkConfig({ data: {}, fusion: 'none', fusions }).fusion, 'none');
  });

  it('are refused twice, empty, and with a key that has no value', () => {
    assert.throws(() => readVariants('none,none', { fusion: 'none' }), /names "none" twice/);
    assert.throws(() => readVariants(' , ', { fusion: 'none' }), /--fusions is empty/);
    assert.throws(() => readVariants('coco:preset', { fusion: 'none' }), /write keys as coco:key=value/);
  });

  it('know their controls: the same keys in any order, and a control', () => {
    const variants = readVariants(
      'none,coco,coco:a=1;b=2,coco:b=2;control=placebo;a=1,coco:control=random,coco:control=placebo;a=2,text:control=random',
      { fusion: 'none' },
    );
    assert.deepEqual(controlsOf('coco', variants), ['coco:control=random']);
    assert.deepEqual(controlsOf('coco:a=1;b=2', variants), ['coco:b=2;control=placebo;a=1']);
    assert.deepEqual(controlsOf('none', variants), []);
    assert.deepEqual(controlsOf('coco:control=random', variants), [], 'a control has none itself');
  });
});
