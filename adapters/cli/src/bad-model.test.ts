import assert from 'node:assert/strict';
import { readFile, readdir, rm } from 'node:fs/promises';
import { after, before, describe, it } from 'mocha';
import { ggufHeader, writeTinyLlm } from './testing/tiny-llm.js';
import { type BadCase, Workshop, assertGood, assertRefused, runAll } from './testing/workshop.js';

const train = (model: string): string[] => [
  'train',
  'base.yaml',
  '--set',
  'fusion=text',
  '--set',
  `knowledge={id: local, model: ${model}}`,
];

const rows: readonly (readonly [string, readonly string[], number, RegExp])[] = [
  ['train: missing model', train('no.gguf'), 1, /no model at no\.gguf/],
  ['train: cut .gguf', train('cut.gguf'), 1, /cut\.gguf is cut short/],
  ['train: no .gguf', train('text.gguf'), 1, /text\.gguf is not a GGUF file/],
  ['train: unknown architecture', train('gpt2.gguf'), 1, /"gpt2"; llama and qwen3 are read/],
  ['train: cut .safetensors', train('cut'), 1, /cut.*model\.safetensors is cut short/],
  ['train: corrupt header', train('corrupt'), 1, /corrupt.*is damaged: its header is not JSON/],
  ['train: no tokenizer', train('mute'), 1, /mute has no tokenizer\.json/],
  [
    'train: more layers than there are',
    [...train('llm'), '--set', 'knowledge.layers=9'],
    2,
    /layers is 9.*1 blocks/,
  ],
  ['train: misspelt key', [...train('llm'), '--set', 'knowledge.layer=1'], 2, /"knowledge\.layer".*"layers"/],
  ['inspect: missing', ['model', 'inspect', 'no.gguf'], 1, /no model at no\.gguf/],
  ['inspect: unknown architecture', ['model', 'inspect', 'gpt2.gguf'], 1, /"gpt2"/],
  ['inspect: a folder without a model', ['model', 'inspect', 'tiny'], 1, /tiny has no config\.json/],
  ['pull: neither path nor id', ['model', 'pull', './no.gguf'], 2, /no file or folder \.\/no\.gguf/],
  ['pull: pickle', ['model', 'pull', 'a/b', '--file', 'model.bin'], 2, /pickle.*never taken/],
  ['pull: nobody there', ['model', 'pull', 'a/b'], 1, /Cannot reach http:\/\/127\.0\.0\.1:9/],
  ['pull: a file that cannot be read', ['model', 'pull', 'gpt2.gguf'], 1, /"gpt2"/],
  ['pull: another SHA-256', ['model', 'pull', 'llm', '--sha256', 'f'.repeat(64)], 2, /for one file/],
  [
    'check: nothing to compare with',
    ['model', 'check', 'llm', '--engine', 'wasm'],
    1,
    /no golden\.safetensors/,
  ],
];
const cases: readonly BadCase[] = rows.map(([name, line, code, pattern]) => ({ name, line, code, pattern }));

describe('models that are not as they should be', function () {
  this.timeout(120_000);
  let shop: Workshop;
  const endpoint = process.env.HF_ENDPOINT;

  before(async () => {
    process.env.HF_ENDPOINT = 'http://127.0.0.1:9'; // nothing listens there
    shop = await Workshop.open();
    for (const name of ['llm', 'cut', 'corrupt', 'mute']) await writeTinyLlm(shop.at(name));
    const weights = await readFile(shop.at('llm/model.safetensors'));
    await shop.write('cut/model.safetensors', weights.subarray(0, -100));
    await shop.write('corrupt/model.safetensors', weights.fill('?', 8, 40));
    await rm(shop.at('mute/tokenizer.json'));
    await shop.write('gpt2.gguf', ggufHeader('gpt2'));
    await shop.write('cut.gguf', ggufHeader('llama').subarray(0, 40));
    await shop.write('text.gguf', 'a text that is no model at all, though its name says so');
  });

  after(async () => {
    if (endpoint === undefined) delete process.env.HF_ENDPOINT;
    else process.env.HF_ENDPOINT = endpoint;
    await shop.close();
  });

  describe('are refused in one sentence', () => {
    const run = runAll(() => shop, cases);
    for (const one of cases) it(one.name, async () => assertRefused(await run(one), one.code, one.pattern));
  });

  it('leave nothing behind where they were to be copied to', async () => {
    await assert.rejects(readdir(shop.at('models')));
  });

  it('a good one is copied, told of and trained with, items without text included', async () => {
    const pulled = await shop.coco(['model', 'pull', 'llm']);
    assertGood(pulled);
    assert.match(pulled.output, /model: models\/llm }/);
    const told = await shop.coco(['model', 'inspect', 'models/llm']);
    assertGood(told);
    assert.match(told.output, /architecture +llama\n.*parameters +2,648\n/s);
    assert.match(told.output, /tokenizer +there/);
    await shop.write('tiny/tiny.item', 'item_id:token\ttitle:token_seq\ni1\tOne\ni2\t\n');
    const trained = await shop.coco([...train('models/llm'), '--set', 'output=runs/text']);
    assertGood(trained);
    assert.match(trained.errors, /29 items without text/);
  });
});
