/** A SASRec that PyTorch trained and exported (`examples/onnx/export_sasrec.py`): the same figures here, and fused. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CocoError } from '@coco-rec/core';
import { type PlainConfig, createRecommender } from '@coco-rec/standard';
import { root } from './layout/sources.js';
import { startTestEngine, testEngine } from './support/engine.js';
import { onnxKeys } from './support/fixtures.js';
import { temporaryFolder } from './support/small-run.js';

interface Expected {
  readonly 'recall@5': number;
  readonly histories: readonly { history: string[]; state: number[]; best: string[] }[];
}

const example = join(root, 'examples', 'onnx');
const { folder, remove } = temporaryFolder();
let expected: Expected;

before(async () => {
  await startTestEngine();
  expected = JSON.parse(await readFile(join(example, 'expected.json'), 'utf8')) as Expected;
});
after(remove);

function config(name: string, keys: PlainConfig = {}, fusion = 'none'): PlainConfig {
  return {
    data: {
      format: 'csv',
      path: join(example, 'interactions.csv'),
      columns: { user: 'user', item: 'item', time: 'time' },
      items: join(folder, 'titles.jsonl'),
      itemId: 'id',
      text: ['title'],
    },
    backbone: { id: 'onnx', ...onnxKeys, ...keys },
    knowledge: { id: 'tiny' },
    fusion,
    train: { epochs: 3, usersPerStep: 20, warmupSteps: 0, patience: 0 },
    evaluate: { topK: [5] },
    engine: testEngine,
    output: join(folder, name),
  };
}

before(() => {
  const titles = Array.from({ length: 30 }, (_, i) =>
    JSON.stringify({ id: `item${i + 1}`, title: `Thing ${i % 6}` }),
  );
  return writeFile(join(folder, 'titles.jsonl'), `${titles.join('\n')}\n`);
});

async function fit(plain: PlainConfig): Promise<ReturnType<ReturnType<typeof createRecommender>['fit']>> {
  const recommender = createRecommender(plain);
  try {
    return await recommender.fit();
  } finally {
    recommender.dispose();
  }
}

/** The same model as an export without dynamic axes writes it: its dimension "batch" is 1. */
function forOneHistory(model: Buffer): Buffer {
  const named = Buffer.from([0x0a, 7, 0x12, 5, ...Buffer.from('batch')]);
  const one = Buffer.from([0x0a, 7, 0x08, 0x81, 0x80, 0x80, 0x80, 0x80, 0]); // as many bytes
  const fixed = Buffer.from(model);
  for (let at = fixed.indexOf(named); at >= 0; at = fixed.indexOf(named, at)) one.copy(fixed, at);
  return fixed;
}

describe('a model exported from PyTorch', () => {
  for (const output of ['state', 'states']) {
    it(`ranks as it does there, by its output "${output}"`, async () => {
      const recommender = createRecommender(config(output, { output }));
      const { test } = await recommender.fit();
      assert.equal(test['recall@5'].toFixed(4), expected['recall@5'].toFixed(4));
      const histories = expected.histories.map(({ history }) => history);
      const found = await recommender.recommend(histories, 5);
      assert.deepEqual(
        found.map((list) => list.map(({ item }) => item)),
        expected.histories.map(({ best }) => best),
      );
      recommender.dispose();
    });
  }

  it('is fused by weights that learn on top of it', async () => {
    const { training } = await fit(config('fused', {}, 'mlp'));
    const lines = (await readFile(join(folder, 'fused', 'metrics.jsonl'), 'utf8')).trim().split('\n');
    const losses = lines.map((line) => (JSON.parse(line) as { recommendation: number }).recommendation);
    assert.equal(losses.length, 3);
    assert.ok(losses[2] < losses[0], losses.join());
    assert.ok(Number.isFinite(training['best validation ndcg@5']));
  });

  it('that was exported for one history at a time ranks as it does there', async () => {
    const model = join(folder, 'one.onnx');
    await writeFile(model, forOneHistory(await readFile(join(example, 'sasrec.onnx'))));
    const { test } = await fit(config('one', { model }));
    assert.equal(test['recall@5'].toFixed(4), expected['recall@5'].toFixed(4));
  });

  it('that was made for shorter histories is refused before training; the runtime prints nothing', async () => {
    const path = join(folder, 'longer.csv');
    const more = Array.from({ length: 20 }, (_, i) => `long,item${i + 1},${i}`);
    await writeFile(path, `${await readFile(join(example, 'interactions.csv'), 'utf8')}${more.join('\n')}\n`);
    const plain = config('longer', { maxLength: 15 });
    const script = `
      import { createRecommender } from '@coco-rec/standard';
      const recommender = createRecommender(${JSON.stringify({ ...plain, data: { ...(plain.data as object), path } })});
      await recommender.fit().catch(({ name, message }) => console.log(name, message));
      recommender.dispose();`;
    const run = promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], {
      cwd: root,
    });
    const { stdout, stderr } = await run;
    const last = stdout.trim().split('\n').at(-1) ?? '';
    assert.match(
      last,
      /^CocoError .*sasrec\.onnx failed on a history of length 15 \(.*\)\. If it was made for /,
    );
    assert.match(last, /shorter histories, lower "backbone\.maxLength", now 15\.$/);
    assert.doesNotMatch(stdout + stderr, /onnxruntime:/);
  });

  it('that does not fit is refused in one sentence', async () => {
    const write = async (name: string, content: string): Promise<string> => {
      await writeFile(join(folder, name), content);
      return join(folder, name);
    };
    const items = async (name: string, line: string): Promise<PlainConfig> => ({
      itemTable: undefined,
      items: await write(name, `${line}\n`),
    });
    const text = await write('text.onnx', 'This is no model.');
    const cut = join(folder, 'cut.onnx');
    await copyFile(join(example, 'sasrec.onnx'), cut);
    await writeFile(cut, (await readFile(cut)).subarray(0, 4000));
    const cases: [string, PlainConfig, RegExp][] = [
      [
        'a',
        { itemsInput: 'item_seq' },
        /has the inputs items, lengths, but no "item_seq": set "backbone\.itemsInput"/,
      ],
      ['b', { lengthsInput: undefined }, /nothing is named for "lengths"/],
      ['c', { output: undefined }, /has the outputs state, states: name the one/],
      ['d', { output: 'logits' }, /has the outputs state, states/],
      ['e', { itemTable: 'items' }, /has no table "items"; with two dimensions it has .*items\.weight/],
      ['f', { model: text }, /text\.onnx is no ONNX file/],
      ['g', { model: cut }, /cut\.onnx (is no ONNX file|has no table)/],
      ['h', { model: join(folder, 'nowhere.onnx') }, /There is no file .*nowhere\.onnx/],
      ['i', { vocabulary: await write('v.csv', 'id,index\nB1,1\n') }, /v\.csv: none of its 1 ids is an item/],
      ['j', { vocabulary: await write('w.csv', 'id,index\nitem1,1.5\n') }, /number of "item1" is 1\.5/],
      [
        'k',
        { vocabulary: await write('x.csv', 'id,index\nitem1,99\n') },
        /31 rows, but the number of "item1" is 99/,
      ],
      ['l', await items('wide.csv', 'id,x,y\nitem1,1,2'), /should be \[1, 2\] or \[1, 1, 2\]/],
      ['m', { items: text }, /either "backbone\.items" .* or "backbone\.itemTable"/],
    ];
    for (const [name, keys, words] of cases) {
      await assert.rejects(fit(config(`bad-${name}`, keys)), (error: unknown) => {
        assert.ok(error instanceof CocoError, String(error));
        assert.match(error.message, words);
        assert.doesNotMatch(error.message, /\n/);
        return true;
      });
    }
  });
});
