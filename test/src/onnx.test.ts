/** A SASRec that PyTorch trained and exported (`examples/onnx/export_sasrec.py`): the same figures here, and fused. */
import assert from 'node:assert/strict';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
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
