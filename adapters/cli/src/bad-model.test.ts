import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { chmod, cp, readFile, readdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { decodeSafetensors, encodeSafetensors } from '@coco-rec/core';
import { tinyGguf } from './testing/tiny-gguf.js';
import { writeTinyLlm, wrongReference } from './testing/tiny-llm.js';
import { type BadCase, Workshop, assertGood, assertRefused, runAll } from './testing/workshop.js';

const train = (model: string): string[] => [
  'train',
  'base.yaml',
  '--set',
  'fusion=text',
  '--set',
  `knowledge={id: local, model: ${model}}`,
];

const shared = resolve(process.env.COCO_SHARED ?? join(import.meta.dirname, '../../../../shared'));
/** A model with what PyTorch makes of it. */
const golden = join(shared, 'golden', 'llama-tiny');

/** Names the tensor, its quantisation and those that are read. */
const notRead =
  /iq1\.gguf: tensor "token_embd\.weight" is quantised as IQ1_S; F32, .*Q4_K, Q5_K, Q6_K are read\.$/;

/** Before `none` is trained. */
const compared: readonly (readonly [string, string, number, RegExp])[] = [
  ['missing model', 'knowledge={id: local, model: no.gguf}', 1, /no model at no\.gguf/],
  ['missing model of llama.cpp', 'knowledge={id: llama-cpp, model: no.gguf}', 1, /no model at no\.gguf/],
  ['a quantisation that is not read', 'knowledge={id: local, model: iq1.gguf}', 1, notRead],
  ['more layers than there are', 'knowledge={id: local, model: llm, layers: 9}', 2, /layers is 9.*1 blocks/],
  [
    'a deeper view than there is',
    'knowledge={id: local, model: llm, views: [mean@9]}',
    2,
    /"mean@9".*1 blocks/,
  ],
  ['misspelt key', 'knowledge={id: local, model: llm, layer: 1}', 2, /"knowledge\.layer".*"layers"/],
];

const rows: readonly (readonly [string, readonly string[], number, RegExp])[] = [
  ['train: missing model', train('no.gguf'), 1, /no model at no\.gguf/],
  ['train: cut .gguf', train('cut.gguf'), 1, /cut\.gguf is cut short/],
  ['train: no .gguf', train('text.gguf'), 1, /text\.gguf is not a GGUF file/],
  ['train: unknown architecture', train('gpt2.gguf'), 1, /"gpt2"; llama and qwen3 are read/],
  ['train: a quantisation that is not read', train('iq1.gguf'), 1, notRead],
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
  ['pull: a quantisation that is not read', ['model', 'pull', 'iq1.gguf'], 1, notRead],
  ['pull: another SHA-256', ['model', 'pull', 'llm', '--sha256', 'f'.repeat(64)], 2, /for one file/],
  [
    'check: nothing to compare with',
    ['model', 'check', 'llm', '--engine', 'wasm'],
    1,
    /no golden\.safetensors/,
  ],
  [
    'check: past the tolerance',
    ['model', 'check', 'wrong', '--engine', 'wasm'],
    1,
    /wrong is past the tolerance in logits, hidden, loss, grad_inputs_embeds, grad_q_proj_layer0, grad_v_proj_last\.$/,
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
    for (const name of ['llm', 'cut', 'corrupt', 'mute', 'wrong']) await writeTinyLlm(shop.at(name));
    const weights = await readFile(shop.at('llm/model.safetensors'));
    await shop.write('cut/model.safetensors', weights.subarray(0, -100));
    await shop.write('corrupt/model.safetensors', weights.fill('?', 8, 40));
    await rm(shop.at('mute/tokenizer.json'));
    await shop.write('wrong/golden.safetensors', wrongReference());
    await shop.write('plain.gguf', tinyGguf());
    await shop.write('iq1.gguf', tinyGguf({ type: 'IQ1_S' }));
    await shop.write('gpt2.gguf', tinyGguf({ architecture: 'gpt2' }));
    await shop.write('cut.gguf', tinyGguf().subarray(0, 40));
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

  for (const [name, setting, code, pattern] of compared) {
    it(`stop a comparison before anything is trained: ${name}`, async () => {
      const line = [
        'compare',
        'base.yaml',
        '--fusions',
        'none,text',
        '--set',
        setting,
        '--set',
        'output=runs/none',
      ];
      assertRefused(await shop.coco(line), code, pattern);
      assert.ok(!existsSync(shop.at('runs/none/none')));
    });
  }

  it('leave nothing behind where they were to be copied to', async () => {
    await assert.rejects(readdir(shop.at('models')));
  });

  it('inspect tells why one cannot be used, and nothing of one that can', async () => {
    const odd = await shop.coco(['model', 'inspect', 'iq1.gguf']);
    assertGood(odd);
    assert.match(odd.output, /1 × IQ1_S/);
    assert.match(odd.output, /tensor "token_embd\.weight" is quantised as IQ1_S/);
    const plain = await shop.coco(['model', 'inspect', 'plain.gguf']);
    assertGood(plain);
    assert.match(plain.output, /11 × F32/);
    assert.match(plain.output, /tokenizer +there/);
    assert.doesNotMatch(plain.output, /quantised/);
    assertGood(await shop.coco(['model', 'pull', 'plain.gguf', '--out', 'kept']));
  });

  it('check passes the reference of another program, and names what is a little off', async function () {
    if (!existsSync(golden)) {
      console.log(`      skipped: the reference values are not at ${golden}`);
      this.skip();
    }
    await cp(golden, shop.at('golden'), { recursive: true });
    await chmod(shop.at('golden/golden.safetensors'), 0o644);
    const check = ['model', 'check', 'golden', '--engine', 'wasm'];
    const good = await shop.coco(check);
    assertGood(good);
    assert.equal(good.output.match(/ good/g)?.length, 6);
    const { tensors } = decodeSafetensors(await readFile(shop.at('golden/golden.safetensors')));
    const { values = Float32Array.of() } = tensors.get('hidden') ?? {};
    values.forEach((value, i) => (values[i] = value * 1.001));
    await shop.write('golden/golden.safetensors', encodeSafetensors(tensors));
    const off = await shop.coco(check);
    assertRefused(off, 1, /golden is past the tolerance in hidden\.$/);
    assert.equal(off.output.match(/ good/g)?.length, 5);
    assert.match(off.output, /hidden .*9\.\d+e-4 .*1e-4 .*too large/);
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
