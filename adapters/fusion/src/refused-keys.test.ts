import assert from 'node:assert/strict';
import { type FusionDescriptor, UsageError, readConfig } from '@coco-rec/core';
import { fusions } from './index.js';

const check = (id: string, keys: object) => (): unknown => {
  const descriptor = fusions.find((fusion) => fusion.id === id) as FusionDescriptor;
  return descriptor.create(readConfig(descriptor.config, keys, 'fusion'));
};

describe('fusions', () => {
  it('refuse keys that are unknown or do nothing', () => {
    assert.throws(check('text', { textWith: 3 }), /"fusion.textWith".*"textWidth"/);
    assert.throws(
      check('concat', { maxTitles: 3 }),
      /"fusion.maxTitles" does nothing with "fusion.source: titles"/,
    );
    assert.throws(
      check('mlp', { source: 'generated', maxTitles: 3 }),
      /"fusion.maxTitles" does nothing with "fusion.source: generated"/,
    );
    assert.throws(
      check('mlp', { source: 'prompted', users: 3 }),
      /"fusion.users" does nothing with "fusion.source: prompted"/,
    );
    assert.throws(
      check('concat', { rounds: 3 }),
      /"fusion.rounds" does nothing with "fusion.source: titles"/,
    );
    assert.throws(
      check('mlp', { source: 'generated', tuning: true }),
      /"fusion.tuning" does nothing with "fusion.questions: kar"/,
    );
    assert.throws(
      check('mlp', { source: 'generated', questions: 'r4ec', fallbackFactors: 'price' }),
      /"fusion.fallbackFactors" does nothing with "fusion.questions: r4ec"/,
    );
    assert.throws(
      check('concat', { source: 'generated', questions: 'r4ec', templates: { factual: 'x' } }),
      /"fusion\.templates\.factual" is unknown/,
    );
    assert.throws(
      check('concat', { templates: { factual: 'x' } }),
      /"fusion.templates" does nothing with "fusion.source: titles"/,
    );
    assert.throws(
      check('concat', { source: 'generated', templates: { factuall: 'x' } }),
      /"fusion\.templates\.factuall" is unknown.*factual/,
    );
    assert.throws(
      check('mlp', { source: 'prompted', textWidth: 64 }),
      /"fusion.textWidth" does nothing with "fusion.itemText: false"/,
    );
    assert.throws(check('kar', { drawSeed: 2 }), /"fusion.drawSeed" does nothing without "fusion.users"/);
    for (const keys of [
      { drawSeed: 2, users: 3 },
      { drawSeed: 2, tuning: true },
    ])
      assert.doesNotThrow(check('r4ec', keys));
    assert.throws(check('coco', { codebook: { thresold: 0.3 } }), /fusion.codebook.thresold.*"threshold"/);
    assert.throws(
      check('coco', { contradiction: { scope: 'all' } }),
      /"fusion.contradiction.scope" is "all"/,
    );
    assert.throws(check('coco', { preset: 'papers' }), /"fusion.preset" is "papers"/);
  });

  it('refuse them before anything is made, so that a comparison finds them before it trains', () => {
    const rows = [
      ['concat', { maxTitles: 3 }],
      ['kar', { popularItems: 3 }],
      ['r4ec', { templates: { thinking: 'x' } }],
      ['coco', { semantic: { temperature: 1 } }],
    ] as const;
    for (const [id, keys] of rows) {
      const { config, needs } = fusions.find((fusion) => fusion.id === id) as FusionDescriptor;
      assert.throws(() => needs(readConfig(config, keys, 'fusion')), UsageError, id);
    }
  });
});
