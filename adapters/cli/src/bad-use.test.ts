import { after, before, describe, it } from 'mocha';
import { type BadCase, Workshop, assertRefused, runAll } from './testing/workshop.js';

const train = (...sets: string[]): string[] => [
  'train',
  'base.yaml',
  ...sets.flatMap((set) => ['--set', set]),
];

const rows: readonly (readonly [string, readonly string[], number, RegExp])[] = [
  ['missing config file', ['train', 'no.yaml'], 2, /no config file no\.yaml/],
  ['empty config file', ['train', 'empty.yaml'], 2, /empty\.yaml: a config is a group of keys/],
  ['broken YAML', ['compare', 'broken.yaml'], 2, /broken\.yaml, line \d/],
  ['misspelt top key', train('sede=1'), 2, /"sede".*"seed"/],
  ['misspelt key of train', train('train.epoch=1'), 2, /"train\.epoch".*"epochs"/],
  ['misspelt key of a unit', train('backbone.dimenson=8'), 2, /"backbone\.dimenson".*"dimension"/],
  ['misspelt key of the data', train('data.pth=x'), 2, /"data\.pth".*"path"/],
  ['wrong value', train('train.epochs=none'), 2, /"train\.epochs"/],
  ['unknown backbone', train('backbone.id=sasrek'), 2, /sasrek.*"sasrec"/],
  ['unknown engine', train('engine=wsm'), 2, /"wsm".*"wasm"/],
  ['unknown format', train('data.format=recbol'), 2, /recbol.*recbole/],
  ['--set without a value', train('seed'), 2, /--set seed/],
  ['unknown command', ['trian', 'base.yaml'], 2, /unknown command 'trian'.*train/],
  ['unknown sub-command', ['data', 'inspekt'], 2, /unknown command 'inspekt'.*inspect/],
  ['unknown option', ['train', 'base.yaml', '--sett', 'a=1'], 2, /unknown option '--sett'.*--set/],
  ['missing argument', ['train'], 2, /missing required argument/],
  ['wrong number', ['compare', 'base.yaml', '--seeds', 'three'], 2, /whole number/],
  ['unknown fusion', ['compare', 'base.yaml', '--fusions', 'none,cocoo'], 2, /Did you mean "coco"/],
  [
    'fusion without a language model',
    ['compare', 'base.yaml', '--fusions', 'none,concat'],
    2,
    /needs a language model/,
  ],
  [
    'fusion that needs gradients of a model on a server',
    train('fusion=coco', "knowledge={id: openai, baseUrl: 'http://127.0.0.1:9/v1', embeddingModel: e}"),
    2,
    /"coco" needs a language model that can give gradients \(differentiable\); "openai" cannot\. These would do: tiny, local/,
  ],
  ['fusion of a ranker without states', train('backbone=popularity', 'fusion=coco'), 2, /no states to fuse/],
  ['evaluate: no such folder', ['evaluate', 'runs/nothing'], 2, /no file or folder runs\/nothing/],
  ['evaluate: no model in the folder', ['evaluate', 'tiny'], 1, /no trained model/],
  ['recommend: no model in the folder', ['recommend', 'tiny', '--history', 'a'], 1, /no trained model/],
  ['recommend: missing file', ['recommend', 'tiny', '--file', 'no.jsonl'], 2, /no file no\.jsonl/],
  [
    'recommend: broken line',
    ['recommend', 'tiny', '--file', 'histories.jsonl'],
    2,
    /histories\.jsonl, line 2/,
  ],
  ['recommend: two sources', ['recommend', 'tiny', '--user', 'u1', '--file', '-'], 2, /--user or --file/],
  [
    'recommend: one history for two users',
    ['recommend', 'tiny', '--history', 'i1', '--user', 'u1', '--user', 'u2'],
    2,
    /one --user at most/,
  ],
  ['an output folder below a file', train('output=base.yaml/run'), 1, /base\.yaml.*folder/],
];
const cases: readonly BadCase[] = rows.map(([name, line, code, pattern]) => ({ name, line, code, pattern }));

describe('wrong use', function () {
  this.timeout(60_000);
  let shop: Workshop;

  before(async () => {
    shop = await Workshop.open();
    await shop.write('empty.yaml', '');
    await shop.write('broken.yaml', 'seed: 1\ntrain: { epochs: 3\n');
    await shop.write('histories.jsonl', '["i1"]\n["i2"\n');
  });
  after(() => shop.close());

  const run = runAll(() => shop, cases);
  for (const one of cases) it(one.name, async () => assertRefused(await run(one), one.code, one.pattern));
});
