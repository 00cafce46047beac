import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import type { GgufValue } from './formats/gguf.js';
import { endToken, trainBytePair } from './pretrain/byte-pair.js';
import { openModel } from './open-model.js';
import { throwsPlainly } from './testing/complaints.js';
import { TemporaryFolder } from './testing/temporary-folder.js';
import {
  tinyConfig,
  tinyGguf,
  tinyTokenizerJson,
  tinyVocabulary,
  writeTinyFolder,
} from './testing/tiny-llama.js';
import { type TextTokenizer, tokenizerFromFolder, tokenizerFromGguf } from './tokenizer.js';

const pieces = fc.constantFrom(
  endToken,
  '<sale>',
  ' warm',
  'tent',
  "'s",
  '  ',
  '\n',
  '\r\n',
  '12',
  ' ½',
  '枕',
  '👩‍👩‍👧',
  '<|',
  '|>',
  '.',
);
const texts = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ unit: 'grapheme', maxLength: 60 }),
  fc.array(pieces, { maxLength: 20 }).map((list) => list.join('')),
);

describe('the tokenizer', () => {
  const folder = new TemporaryFolder();
  let fromFolder: TextTokenizer;
  let fromGguf: TextTokenizer;

  before(() => {
    fromFolder = openModel(writeTinyFolder(folder.at('model'))).tokenizer();
    fromGguf = openModel(folder.write('model.gguf', tinyGguf())).tokenizer();
  });
  after(() => folder.remove());

  it('gives back every text it has read', () => {
    fc.assert(
      fc.property(texts, fc.boolean(), (text, control) => {
        assert.equal(fromFolder.decode(fromFolder.encode(text, control)), text);
      }),
      { numRuns: 400, seed: 1 },
    );
  });

  it('is the same from a folder and from GGUF', () => {
    fc.assert(
      fc.property(texts, fc.boolean(), (text, control) => {
        const ids = fromFolder.encode(text, control);
        assert.deepEqual(fromGguf.encode(text, control), ids);
        assert.equal(fromGguf.decode(ids), text);
      }),
      { numRuns: 400, seed: 2 },
    );
    assert.deepEqual(fromGguf.ends, [0]);
    assert.deepEqual(fromFolder.ends, [0]);
  });

  it('merges the pair that was learnt first, again and again', () => {
    const vocabulary = tinyVocabulary();
    const { merges } = tinyTokenizerJson().model;
    const plainly = (word: string): string[] => {
      const parts = [...word.replace(' ', 'Ġ')];
      for (const [left, right] of merges) {
        for (let i = 0; i + 1 < parts.length; i++) {
          if (parts[i] === left && parts[i + 1] === right) parts.splice(i, 2, left + right);
        }
      }
      return parts;
    };
    for (const word of [' the', 'the', ' tent', 'tents', ' warm', 'warm', ' nighttent', ' zebra']) {
      assert.deepEqual(
        fromFolder.encode(word).map((id) => vocabulary[id]),
        plainly(word),
      );
    }
    assert.equal(fromFolder.encode(' warm').length, 1);
    assert.deepEqual(fromFolder.encode(''), []);
  });

  it('reads a control token in a text as characters unless asked', () => {
    const text = `buy ${endToken} now`;
    for (const tokenizer of [fromFolder, fromGguf]) {
      assert.ok(!tokenizer.encode(text).includes(0));
      assert.ok(tokenizer.encode(text).length > tokenizer.encode(text, true).length);
      assert.equal(tokenizer.encode(text, true).filter((id) => id === 0).length, 1);
      assert.equal(tokenizer.decode([0]), endToken);
      const sale = tinyVocabulary().length - 1; // not a control token: a text may ask for it
      assert.ok(tokenizer.encode('a <sale> now').includes(sale));
    }
  });

  it('complains of a folder without a tokenizer or with a damaged one', () => {
    const path = folder.at('damaged');
    mkdirSync(path);
    throwsPlainly(() => tokenizerFromFolder(path), /damaged has no tokenizer\.json/);
    const json = { ...tinyTokenizerJson(), model: { type: 'Morse' } };
    for (const [text, pattern] of [
      ['{"model":', /tokenizer\.json is not valid JSON/],
      ['null', /tokenizer\.json is no JSON object/],
      ['{}', /tokenizer\.json cannot be used/],
      [JSON.stringify(json), /tokenizer\.json cannot be used/],
    ] as const) {
      writeFileSync(join(path, 'tokenizer.json'), text);
      throwsPlainly(() => tokenizerFromFolder(path), pattern);
    }
  });

  it('takes the end of a text from generation_config.json before config.json', () => {
    const path = writeTinyFolder(folder.at('ends'), tinyConfig());
    writeFileSync(join(path, 'generation_config.json'), '{"eos_token_id":[7,8]}');
    assert.deepEqual(tokenizerFromFolder(path).ends, [7, 8]);
    writeFileSync(join(path, 'generation_config.json'), 'null');
    throwsPlainly(() => tokenizerFromFolder(path), /generation_config\.json is no JSON object/);
    rmSync(join(path, 'generation_config.json'));
    assert.deepEqual(tokenizerFromFolder(path).ends, [0]);
  });
});

describe('tokenizerFromGguf', () => {
  const read = (changes: Readonly<Record<string, GgufValue>>): TextTokenizer => {
    const { model } = tinyTokenizerJson();
    const metadata: Readonly<Record<string, GgufValue>> = {
      'tokenizer.ggml.model': 'gpt2',
      'tokenizer.ggml.tokens': tinyVocabulary(),
      'tokenizer.ggml.merges': model.merges.map((merge) => merge.join(' ')),
      ...changes,
    };
    return tokenizerFromGguf(new Map(Object.entries(metadata)), 'm.gguf');
  };

  it('names the kinds that are read where it meets another', () => {
    const known = /byte-level BPE \(gpt-2, smollm, llama-bpe, qwen2\) is read/;
    throwsPlainly(() => read({ 'tokenizer.ggml.model': 'llama' }), /m\.gguf has a tokenizer of kind "llama"/);
    throwsPlainly(() => read({ 'tokenizer.ggml.model': 'bert' }), known);
    throwsPlainly(() => read({ 'tokenizer.ggml.pre': 'deepseek-llm' }), /of kind "gpt2" \(deepseek-llm\)/);
    throwsPlainly(() => tokenizerFromGguf(new Map(), 'm.gguf'), /of kind "undefined"/);
  });

  it('complains of tokens or merges that lack or are no texts', () => {
    throwsPlainly(() => read({ 'tokenizer.ggml.tokens': 3 }), /lacks the tokenizer's tokens or merges/);
    throwsPlainly(() => read({ 'tokenizer.ggml.merges': [1, 2] }), /lacks the tokenizer's tokens or merges/);
  });

  it('splits by the rule that the file names', () => {
    const digits = (pre: string): number => read({ 'tokenizer.ggml.pre': pre }).encode('1234').length;
    assert.deepEqual(['gpt-2', 'smollm', 'llama-bpe', 'qwen2'].map(digits), [4, 4, 4, 4]); // no merges of digits here
    for (const pre of ['gpt-2', 'smollm', 'llama-bpe', 'qwen2']) {
      const tokenizer = read({ 'tokenizer.ggml.pre': pre });
      const text = "It's 12345 warm\n\n  tents, naïve.";
      assert.equal(tokenizer.decode(tokenizer.encode(text)), text, pre);
    }
  });
});

describe('trainBytePair', () => {
  interface Trained {
    readonly model: {
      readonly vocab: Readonly<Record<string, number>>;
      readonly merges: readonly string[][];
    };
  }
  const train = (list: readonly string[], size: number): Trained => trainBytePair(list, size) as Trained;

  it('merges the most frequent pair first, within words only, until the vocabulary is full', () => {
    const { model } = train(['low low low lower', 'lowest newer'], 261);
    assert.deepEqual(model.merges.slice(0, 2), [
      ['l', 'o'],
      ['lo', 'w'],
    ]);
    assert.equal(Object.keys(model.vocab).length, 261);
    assert.equal(model.vocab[endToken], 0);
    assert.deepEqual(
      Object.values(model.vocab).sort((a, b) => a - b),
      Array.from({ length: 261 }, (_, i) => i),
    );
  });

  it('stops where no pair is seen twice', () => {
    const { model } = train(['abcd'], 400);
    assert.deepEqual(model.merges, []);
    assert.equal(Object.keys(model.vocab).length, 257);
  });
});
