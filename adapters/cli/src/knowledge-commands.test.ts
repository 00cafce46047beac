import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, it } from 'mocha';
import type { Comparison, ExtractedText, ExtractionStep } from '@coco-rec/standard';
import { Workshop, assertGood, assertRefused } from './testing/workshop.js';

/** Short prompts that the embedded model goes on with: its answers cost milliseconds. */
const plain = (value: string): string => `{{ ${value} | remove: "<data>" | remove: "</data>" | strip }} is`;

describe('coco knowledge, as a process', function () {
  this.timeout(240_000);
  let shop: Workshop;

  before(async () => {
    shop = await Workshop.open();
    await shop.write('history.liquid', plain('history'));
    await shop.write('item.liquid', plain('item'));
    await shop.write('factors.liquid', 'The soft towel is');
    await shop.config(
      'kar.yaml',
      'knowledge: { id: tiny, layers: 1 }',
      'fusion:',
      '  id: kar',
      '  answerTokens: 3',
      '  shownItems: 1',
      '  textWidth: 4',
      '  templates: { factors: factors.liquid, preference: history.liquid, factual: item.liquid }',
      'output: runs/kar',
    );
  });
  after(() => shop.close());

  const coco = (...line: string[]): ReturnType<Workshop['coco']> =>
    shop.coco(line, { environment: { COCO_CACHE: shop.at('cache') } });

  it('forecasts without sending, extracts, and goes on for more users without asking again', async () => {
    const few = ['--users', '2', '--popular-items', '3'];
    const forecast = await coco('knowledge', 'extract', 'kar.yaml', '--forecast', ...few);
    assertGood(forecast);
    assert.match(forecast.output, /kar: users +2 +0 +0 +0 +0 +\$0\.0000 +2 /);
    const run = await coco('knowledge', 'extract', 'kar.yaml', ...few);
    assertGood(run);
    assert.match(run.output, /kar: users +2 +2 +0/);
    assertGood(await coco('knowledge', 'extract', 'kar.yaml', '--users', '4'));
    const file = await readFile(shop.at('cache/knowledge/texts.jsonl'), 'utf8');
    const records = file.split('\n').filter((line) => line !== '');
    const keys = records.map((line) => JSON.parse(line.slice(9)) as { key: string; failure?: string });
    const answered = keys.filter(({ failure }) => failure === undefined).map(({ key }) => key);
    assert.equal(new Set(answered).size, answered.length, 'a text was written twice');
  });

  it('counts what is stored, as JSON', async () => {
    const run = await coco('knowledge', 'status', 'kar.yaml', '--json', '--users', '6');
    assertGood(run);
    const steps = JSON.parse(run.output) as ExtractionStep[];
    const users = steps.find(({ step }) => step === 'kar: users');
    assert.ok(users && users.texts >= 5 && users.written >= 3, run.output);
    assert.equal(users.forecast?.requests, users.texts - users.written);
  });

  it('shows and exports each text with its prompt and what was shown', async () => {
    const shown = await coco(
      'knowledge',
      'inspect',
      'kar.yaml',
      '--users',
      '4',
      '--step',
      'users',
      '-n',
      '1',
    );
    assertGood(shown);
    assert.match(
      shown.output,
      /kar: users: u\d+, shown the first \d+ interactions\n.*own kar-preference without version/,
    );
    assertGood(await coco('knowledge', 'export', 'kar.yaml', '--users', '4', '--out', 'texts.jsonl'));
    const lines = (await readFile(shop.at('texts.jsonl'), 'utf8')).trim().split('\n');
    const texts = lines.map((line) => JSON.parse(line) as ExtractedText);
    const ofUsers = texts.filter(({ step }) => step === 'kar: users');
    assert.ok(ofUsers.length >= 3);
    for (const { user, shownUntil, prompt, model, text } of ofUsers) {
      assert.ok(user && shownUntil && model === 'tiny');
      assert.match(prompt, /^Thing number \d+ .* is$/);
      assert.ok(text);
    }
  });

  it('trains on the stored texts', async () => {
    const run = await coco('train', 'kar.yaml', '--set', 'fusion.users=4');
    assertGood(run);
    assert.match(run.errors, /kar: [34] of [34] users have a text/);
    const result = await shop.json('runs/kar/result.json');
    assert.ok(Number.isFinite(result.test['ndcg@5']));
  });

  it('shares the texts of kar with concat, which finds them all and trains on them', async () => {
    await shop.config(
      'concat.yaml',
      'knowledge: { id: tiny, layers: 1 }',
      'fusion:',
      '  { id: concat, source: generated, itemText: true, answerTokens: 3, shownItems: 1, textWidth: 4, users: 4,',
      '    templates: { factors: factors.liquid, preference: history.liquid, factual: item.liquid } }',
      'output: runs/concat',
    );
    const stored = await readFile(shop.at('cache/knowledge/texts.jsonl'));
    const run = await coco('knowledge', 'extract', 'concat.yaml');
    assertGood(run);
    assert.match(run.output, /concat: items +(\d+) +\1 +0 /);
    assert.match(run.errors, /To be written: at most 0 texts/);
    const trained = await coco('train', 'concat.yaml');
    assertGood(trained);
    assert.match(trained.errors, /concat: [34] of [34] users have a text/);
    assert.ok(stored.equals(await readFile(shop.at('cache/knowledge/texts.jsonl'))), 'something was written');
  });

  it('has texts written by one model and read by another, and compares on the users that have one', async () => {
    await shop.config(
      'pair.yaml',
      'knowledge: { id: tiny, layers: 2 }',
      'writer: { id: tiny, layers: 1 }',
      'fusions:',
      '  kar: { answerTokens: 3, shownItems: 1, textWidth: 4, users: 4,',
      '    templates: { factors: factors.liquid, preference: history.liquid, factual: item.liquid } }',
      'output: runs/pair',
    );
    const stored = await readFile(shop.at('cache/knowledge/texts.jsonl'));
    assertGood(await coco('compare', 'pair.yaml', '--fusions', 'none,kar', '--seeds', '1'));
    assert.ok(stored.equals(await readFile(shop.at('cache/knowledge/texts.jsonl'))), 'something was written');
    const { groups } = await shop.json<Comparison>('runs/pair/comparison.json');
    assert.equal(groups?.length, 1);
    assert.deepEqual(groups[0].of, ['kar']);
    assert.ok(groups[0].users >= 3 && groups[0].users <= 4);
    assert.match(await readFile(shop.at('runs/pair/report.html'), 'utf8'), /users with a text for kar/);
    const bare = await shop.json<{ config: object }>('runs/pair/none/seed-1/result.json');
    assert.ok(!('writer' in bare.config), 'a run that reads no text hangs on no writer');
    const trained = await coco('train', 'pair.yaml', '--set', 'fusion.id=kar', '--set', 'output=runs/kept');
    assertGood(trained);
    assert.match(trained.errors, /kar: [34] of [34] users have a text/);
  });

  it('names a fusion of the config that is none, and a model that cannot write as asked', async () => {
    const status = ['knowledge', 'status', 'kar.yaml', '--set'];
    const misspelt = await coco(...status, 'fusions.kra.users=4');
    assertRefused(misspelt, 2, /"kra".*kar/);
    const own = await coco(...status, 'fusions.kar-short={id: kar}', '--set', 'fusion.id=kar-shot');
    assertRefused(own, 2, /no fusion called "kar-shot"\. Did you mean "kar-short"\? Known: .*kar-short/);
    const noGroup = await coco(...status, 'fusions.kar=4');
    assertRefused(noGroup, 2, /"fusions.kar" must be a group of keys/);
    const noWriter = await coco('train', 'base.yaml', '--set', 'writer=lama-cpp');
    assertRefused(noWriter, 2, /no knowledge called "lama-cpp". Did you mean "llama-cpp"/);
    const tuned = ['--set', 'fusion.id=r4ec', '--set', 'fusion.tuning=true', '--set', 'writer=llama-cpp'];
    const unfit = await coco('knowledge', 'status', 'kar.yaml', ...tuned);
    assertRefused(
      unfit,
      2,
      /"r4ec" needs a language model in "writer" that can be tuned \(tune\); "llama-cpp" cannot/,
    );
  });

  it('is refused where there is nothing to extract, with what would do', async () => {
    const none = await coco('knowledge', 'extract', 'base.yaml');
    assertRefused(none, 2, /Fusion "none" as configured reads no generated text.*kar, r4ec/);
    const alone = await coco('knowledge', 'status', 'kar.yaml', '--popular-items', '3');
    assertRefused(alone, 2, /"fusion.popularItems" does nothing without "fusion.users"/);
  });
});
