import assert from 'node:assert/strict';
import { applyOverrides } from '@coco-rec/standard';
import { InvalidArgumentError } from 'commander';
import pc from 'picocolors';
import { describe, it } from 'mocha';
import { UsageError } from '@coco-rec/core';
import { kindOf } from './commands/list.js';
import { parseHistories } from './histories.js';
import { count, idList, wholeNumber } from './options.js';
import { wrongUseLine } from './program.js';
import { renderTable } from './render-table.js';

describe('options', () => {
  it('take whole numbers only', () => {
    assert.equal(count('10'), 10);
    assert.equal(wholeNumber('0'), 0);
    for (const wrong of ['0', '-1', '1.5', '', 'ten', '1e3', '99999999999999999999']) {
      assert.throws(() => count(wrong), InvalidArgumentError, wrong);
    }
  });

  it('split ids at commas', () => {
    assert.deepEqual(idList(' a, b ,,c'), ['a', 'b', 'c']);
    assert.deepEqual(idList(''), []);
  });

  it('take a kind in the singular or the plural, and name the nearest', () => {
    assert.equal(kindOf('fusions'), 'fusion');
    assert.throws(() => kindOf('fusoin'), /Did you mean "fusion"/);
  });
});

describe('parseHistories', () => {
  it('reads lists and objects, numbers as ids, and skips empty lines', () => {
    const text =
      '["a","b"]\r\n\n{"user":"u","history":[7]}\n[]\n{"user":9}\n{"history":[],"more":1}\n{"history":["a"],"times":[5.5]}\n';
    assert.deepEqual(parseHistories(text, 'f'), [
      { history: ['a', 'b'] },
      { history: ['7'], user: 'u' },
      { history: [] },
      { user: '9' },
      { history: [] },
      { history: ['a'], times: [5.5] },
    ]);
  });

  it('names file and line of what it cannot read', () => {
    for (const bad of [
      '{',
      '"a"',
      '{"history":"a"}',
      '[{}]',
      '[null]',
      'null',
      '{}',
      '{"user":[]}',
      '{"user":"u","history":1}',
      '{"history":["a"],"times":[1,2]}',
      '{"history":["a"],"times":["1"]}',
      '{"user":"u","times":[1]}',
    ]) {
      assert.throws(
        () => parseHistories(`[]\n${bad}`, 'h.jsonl'),
        (error: Error) => {
          assert.ok(error instanceof UsageError);
          assert.match(error.message, /^h\.jsonl, line 2: /);
          return true;
        },
      );
    }
  });
});

describe('renderTable', () => {
  it('aligns figures on the right and takes away what could harm a terminal', () => {
    const columns = [{ label: 'Name' }, { label: 'R@5', align: 'right' as const }];
    const text = renderTable(
      {
        title: 'T',
        columns,
        rows: [
          ['a\u001b[2Jb\nc', '0.5'],
          ['d', '10.25'],
        ],
        notes: ['n'],
      },
      pc.createColors(false),
    );
    assert.deepEqual(text.split('\n'), ['T', 'Name       R@5', 'a[2Jb c    0.5', 'd        10.25', 'n']);
  });
});

describe('wrongUseLine', () => {
  it("makes commander's complaint one line of ours", () => {
    assert.equal(
      wrongUseLine("error: unknown command 'x'\n(Did you mean y?)\n"),
      "coco: unknown command 'x' (Did you mean y?)\n",
    );
  });
});

describe('--set', () => {
  const file = { seed: 1, backbone: 'sasrec', fusion: { id: 'coco', trainShare: 0.5, control: 'placebo' } };
  const said: string[] = [];
  const set = (...overrides: string[]): object => applyOverrides(file, overrides, (text) => said.push(text));

  it('of another unit starts its section afresh, wherever it stands, and says what that leaves out', () => {
    const wanted = { ...file, fusion: { id: 'concat', itemText: true } };
    assert.deepEqual(set('fusion.itemText=true', 'fusion.id=concat'), wanted);
    assert.deepEqual(said.splice(0), [
      '--set fusion.id=concat: left out of "fusion": trainShare, control (of "coco").',
    ]);
    assert.deepEqual(set('fusion.id=concat', 'fusion.itemText=true'), wanted);
    said.length = 0;
  });

  it('of another loss does so too', () => {
    const sampled = { train: { loss: { id: 'sampled-softmax', negatives: 64 }, epochs: 3 } };
    const changed = applyOverrides(sampled, ['train.loss.id=softmax'], (text) => said.push(text));
    assert.deepEqual(changed, { train: { loss: { id: 'softmax' }, epochs: 3 } });
    assert.deepEqual(said.splice(0), [
      '--set train.loss.id=softmax: left out of "loss": negatives (of "sampled-softmax").',
    ]);
    const none = applyOverrides({ seed: 1 }, ['train.loss.id=bce', 'train.loss.negatives=2']);
    assert.deepEqual(none, { seed: 1, train: { loss: { id: 'bce', negatives: 2 } } });
  });

  it('of the same unit, or of one without keys, leaves nothing out', () => {
    assert.deepEqual(set('fusion.id=coco', 'seed=2'), { ...file, seed: 2 });
    assert.deepEqual(set('backbone.id=bert4rec'), { ...file, backbone: { id: 'bert4rec' } });
    assert.deepEqual(said, []);
  });
});
