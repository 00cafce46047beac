import assert from 'node:assert/strict';
import { UsageError, readConfig } from '@coco-rec/core';
import { type TinyWorld, tinyWorld } from '../tiny-world.test.js';
import { coco } from './descriptor.js';

const make = (keys: object): ReturnType<typeof coco.create> =>
  coco.create(readConfig(coco.config, keys, 'fusion'));

/** The keys, and what the complaint says: the key, its value, beside what, what would be right. */
const idle: readonly (readonly [object, string, RegExp])[] = [
  [{ soft: false, codebook: { size: 4 } }, 'codebook', /is \{"size":4\}.*"fusion\.soft: false".*soft: true/],
  [{ soft: false, orthogonalityWeight: 0.5 }, 'orthogonalityWeight', /is 0\.5.*soft: false/],
  [{ soft: false, quantisationWeight: 0 }, 'quantisationWeight', /is 0,.*soft: false/],
  [{ promptText: 'Hello' }, 'promptText', /is "Hello".*soft prompts.*soft: false/],
  [{ maxTitleTokens: 9 }, 'maxTitleTokens', /is 9.*one vector a title.*granularity: token/],
  [
    { align: { residual: false, lengthGate: true } },
    'align.lengthGate',
    /is true.*"fusion\.align\.residual: false".*residual: true/,
  ],
  [{ preset: 'paper', align: { lengthGate: true } }, 'align.lengthGate', /is true.*residual: false/],
  [
    { align: { residual: false }, contradiction: { startGate: 0.05 } },
    'contradiction.startGate',
    /is 0\.05.*residual: false/,
  ],
  [{ preset: 'paper', contradiction: { startGate: 0.01 } }, 'contradiction.startGate', /is 0\.01/],
  [
    { lora: false, contradiction: { scope: 'lora' } },
    'contradiction.scope',
    /is "lora".*"fusion\.lora: false".*scope: llm/,
  ],
  [{ codebook: { temperature: 0.1 } }, 'codebook.temperature', /is 0\.1.*rule: cosine.*rule: relative/],
  [{ codebook: { rule: 'softmax', temperature: 1 } }, 'codebook.temperature', /is 1,.*rule: softmax/],
  [
    { orthogonalityWeight: 0, codebook: { orthogonality: 'literal' } },
    'codebook.orthogonality',
    /is "literal".*orthogonalityWeight: 0/,
  ],
  [
    { preset: 'paper', quantisationWeight: 0, codebook: { quantisation: 'unit' } },
    'codebook.quantisation',
    /is "unit".*quantisationWeight: 0/,
  ],
  [{ semantic: { temperature: 0.2 } }, 'semantic.temperature', /is 0\.2.*semantic\.weight: 0.*above 0/],
  [
    { itemText: false, userText: false, textWidth: 64 },
    'textWidth',
    /is 64.*"fusion\.itemText: false" and "fusion\.userText: false".*true/,
  ],
];

/** The same keys where they do something, or say what is so anyway. */
const good: readonly object[] = [
  {},
  { preset: 'paper' },
  { preset: 'paper', textWidth: 256 }, // a width for all methods of a comparison: told of, not refused
  { itemText: false, textWidth: 256 },
  { userText: false, textWidth: 256 },
  { itemText: false, userText: false, semantic: { weight: 0.1 }, textWidth: 256 },
  { itemText: false, userText: false, textWidth: 128 },
  { align: { lengthGate: true }, contradiction: { startGate: 0.05 } },
  { align: { residual: false, lengthGate: false }, contradiction: { startGate: 0.01 } },
  { preset: 'paper', align: { residual: true, lengthGate: true }, contradiction: { startGate: 0.01 } },
  { contradiction: { scope: 'lora' } },
  { lora: false, contradiction: { scope: 'llm' } },
  { codebook: { rule: 'relative', temperature: 0.1 } },
  { codebook: { temperature: 0.05, orthogonality: 'literal' } },
  { semantic: { weight: 0.1, temperature: 0.2 } },
  { semantic: { temperature: 0.07 } },
  { soft: false, promptText: 'Hello', orthogonalityWeight: 0.15 },
  { granularity: 'token', maxTitleTokens: 9 },
];

describe('keys of CoCo that do nothing', () => {
  for (const [keys, key, pattern] of idle) {
    it(`are refused: ${JSON.stringify(keys)}`, () =>
      assert.throws(
        () => make(keys),
        (error) => {
          assert.ok(error instanceof UsageError);
          assert.match(error.message, pattern);
          assert.ok(error.message.startsWith(`Config key "fusion.${key}" is `), error.message);
          assert.match(error.message, /^[^\n]*; take it out, or set [^\n]*\.$/);
          return true;
        },
      ));
  }

  it('are allowed where they do something, or say what is so anyway', () => {
    for (const keys of good) assert.doesNotThrow(() => make(keys), JSON.stringify(keys));
  });

  it('are told of where the preset, not the user, makes them idle', async () => {
    const logOf = async (keys: object): Promise<string> => {
      const world = await tinyWorld(make({ codebook: { size: 8 }, ...keys }));
      world.dispose();
      return world.log.join('\n');
    };
    const note = /"textWidth: 6" does nothing without "itemText: true" or "userText: true"/;
    assert.match(await logOf({ preset: 'paper', textWidth: 6 }), note);
    assert.doesNotMatch(await logOf({ preset: 'paper', textWidth: 6, userText: true }), /textWidth/);
    assert.doesNotMatch(await logOf({ preset: 'paper' }), /textWidth/);
  });
});

describe('attention heads that do not divide the dimension', () => {
  const open = (heads: number | undefined, dimension: number): Promise<TinyWorld> =>
    tinyWorld(make({ codebook: { size: 8 }, align: heads === undefined ? {} : { heads } }), { dimension });

  it('are lowered where nobody set them, and the user is told', async () => {
    const lowered = await open(undefined, 6);
    assert.deepEqual(lowered.log, [
      'CoCo: "align.heads" is 3, not 4, which does not divide the dimension 6.',
    ]);
    lowered.dispose();
    const whole = await open(undefined, 8);
    assert.deepEqual(whole.log, []);
    whole.dispose();
  });

  it('are refused where the user set them', async () => {
    await assert.rejects(open(3, 8), (error) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, /"fusion\.align\.heads" is 3.*dimension 8; take 2/);
      return true;
    });
    (await open(2, 6)).dispose();
  });
});
