import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { fromFiles, makeWeights } from './decoder/decoder-weights.js';
import { openModel } from './open-model.js';
import { succeedsOrComplains, throwsPlainly } from './testing/complaints.js';
import { floatBytes } from './testing/gguf-writer.js';
import { closeTo, decoderOf, farFrom, statesOf } from './testing/states.js';
import { startTestEngine } from './testing/test-engine.js';
import { TemporaryFolder } from './testing/temporary-folder.js';
import { configJson, tinyConfig, tinyGguf, writeTinyFolder } from './testing/tiny-llama.js';

describe('openModel', () => {
  const folder = new TemporaryFolder();
  before(startTestEngine);
  after(() => folder.remove());

  for (const architecture of ['llama', 'qwen3'] as const) {
    it(`${architecture}: a folder and a .gguf file of the same weights give the same states`, () => {
      const config = tinyConfig({ architecture });
      const ids = [3, 250, 17, 17, 99, 0, 201];
      const safetensors = openModel(writeTinyFolder(folder.at(architecture), config));
      const gguf = openModel(folder.write(`${architecture}.gguf`, tinyGguf(config)));
      assert.deepEqual([safetensors.format, gguf.format], ['safetensors', 'gguf']);
      assert.deepEqual(gguf.files, [folder.at(`${architecture}.gguf`)]);
      assert.deepEqual({ ...gguf.config, normEpsilon: 0 }, { ...safetensors.config, normEpsilon: 0 });
      assert.deepEqual([...gguf.weights.keys()].sort(), [...safetensors.weights.keys()].sort());
      const [one, two] = [decoderOf(safetensors), decoderOf(gguf)];
      const states = statesOf(one, ids);
      closeTo(statesOf(two, ids), states, 1e-6);
      farFrom(states, statesOf(one, [...ids].reverse()), 0.1); // the states do depend on the text
      one.dispose();
      two.dispose();
    });
  }

  it('a tied head is the embedding itself, an untied one is not', () => {
    const tied = decoderOf(openModel(folder.write('tied.gguf', tinyGguf(tinyConfig({ tied: true })))));
    const untied = decoderOf(openModel(folder.write('untied.gguf', tinyGguf())));
    assert.equal(tied.weights.head, tied.weights.embedding);
    farFrom(untied.weights.head.dataSync(), untied.weights.embedding.dataSync(), 0.1);
    tied.dispose();
    untied.dispose();
  });

  it('complains of what is no model', () => {
    throwsPlainly(() => openModel(folder.at('nothing')), /no model at .*nothing.*coco model pull/);
    mkdirSync(folder.at('empty'));
    throwsPlainly(() => openModel(folder.at('empty')), /empty has no config\.json/);
    throwsPlainly(() => openModel(folder.write('text.gguf', 'only a few words')), /not a GGUF file/);
    for (const [text, pattern] of [
      ['{', /not valid JSON/],
      ['null', /no JSON object/],
      ['[]', /"undefined"/],
    ] as const) {
      const path = writeTinyFolder(folder.at('config'));
      writeFileSync(join(path, 'config.json'), text);
      throwsPlainly(() => openModel(path), pattern);
    }
    const path = writeTinyFolder(folder.at('other'), tinyConfig(), {
      ...configJson(tinyConfig()),
      model_type: 'phi',
    });
    throwsPlainly(
      () => openModel(path),
      /other\/config\.json is of architecture "phi"; llama and qwen3 are read/,
    );
    rmSync(join(path, 'model.safetensors'));
    throwsPlainly(() => openModel(path), /has no model\.safetensors/);
  });

  it('complains of GGUF architectures and rotary scaling that are not read', () => {
    const open = (name: string, changes: Parameters<typeof tinyGguf>[1]): unknown =>
      openModel(folder.write(name, tinyGguf(tinyConfig(), changes)));
    throwsPlainly(() => open('a.gguf', { 'general.architecture': [8, 'mamba'] }), /architecture "mamba"/);
    throwsPlainly(() => open('b.gguf', { 'llama.rope.scaling.type': [8, 'linear'] }), /scaling "linear"/);
    const factors = { name: 'rope_freqs.weight', shape: [2], type: 0, bytes: floatBytes([1, 8]) };
    const scaled = folder.write('c.gguf', tinyGguf(tinyConfig(), {}, [factors]));
    throwsPlainly(() => openModel(scaled), /rotary positions are scaled \("rope_freqs\.weight"\)/);
  });

  it('complains of tensors that lack or have another shape than config.json says', () => {
    const config = tinyConfig();
    const wrong = (changes: object): (() => unknown) => {
      const source = openModel(
        writeTinyFolder(folder.at('shapes'), config, { ...configJson(config), ...changes }),
      );
      return () =>
        makeWeights(source.config, source.config.numLayers, fromFiles(source.weights, source.path));
    };
    throwsPlainly(
      wrong({ num_hidden_layers: 3 }),
      /lacks the tensor "model\.layers\.2\.input_layernorm\.weight"/,
    );
    throwsPlainly(wrong({ vocab_size: 7 }), /"model\.embed_tokens\.weight" is \[\d+, 8\], expected \[7, 8\]/);
    throwsPlainly(
      wrong({ model_type: 'qwen3' }),
      /lacks the tensor "model\.layers\.0\.self_attn\.q_norm\.weight"/,
    );
  });

  it('a damaged .gguf file never fails but by a complaint', () => {
    const whole = tinyGguf(tinyConfig({ numLayers: 1 }));
    const change = fc.tuple(fc.nat(whole.length - 1), fc.oneof(fc.constantFrom(0, 3, 8, 255), fc.nat(255)));
    const near = fc.tuple(fc.nat(700), fc.nat(255)); // the sizes of the model come first
    const changes = fc.array(fc.oneof(change, near), { minLength: 1, maxLength: 5 });
    const seen = { good: 0, bad: 0 };
    fc.assert(
      fc.property(changes, fc.nat(3 * whole.length), (list, cut) => {
        const bytes = Buffer.from(whole);
        for (const [at, value] of list) bytes[at] = value;
        const isGood = succeedsOrComplains(() => {
          const source = openModel(folder.write('damaged.gguf', bytes.subarray(0, cut)));
          source.tokenizer();
          for (const tensor of source.weights.values()) tensor.read();
          const make = fromFiles(source.weights, source.path);
          tf.tidy(() => void makeWeights(source.config, source.config.numLayers, make));
        });
        seen[isGood ? 'good' : 'bad']++;
      }),
      { numRuns: 300, seed: 1 },
    );
    assert.ok(seen.good > 10 && seen.bad > 10, JSON.stringify(seen));
  });
});
