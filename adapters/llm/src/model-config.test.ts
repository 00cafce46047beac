import assert from 'node:assert/strict';
import type { GgufValue } from './formats/gguf.js';
import { configFromGguf, configFromJson } from './model-config.js';
import { throwsPlainly } from './testing/complaints.js';

const json = {
  model_type: 'llama',
  hidden_size: 64,
  num_hidden_layers: 3,
  num_attention_heads: 8,
  num_key_value_heads: 2,
  intermediate_size: 96,
  vocab_size: 300,
  rms_norm_eps: 1e-5,
};

describe('configFromJson', () => {
  const read = (changes: object): ReturnType<typeof configFromJson> =>
    configFromJson({ ...json, ...changes }, 'config.json');

  it('reads the sizes, with the defaults of what may lack', () => {
    assert.deepEqual(read({ rope_theta: 5000, tie_word_embeddings: true }), {
      architecture: 'llama',
      hiddenSize: 64,
      numLayers: 3,
      numHeads: 8,
      numKeyValueHeads: 2,
      headSize: 8,
      feedForwardSize: 96,
      vocabularySize: 300,
      normEpsilon: 1e-5,
      rotaryBase: 5000,
      tied: true,
    });
    const { headSize, tied, rotaryBase } = read({ model_type: 'qwen3', head_dim: 16 });
    assert.deepEqual([headSize, tied, rotaryBase], [16, false, 10000]);
    const { num_key_value_heads: _, ...withoutGroups } = json;
    assert.equal(configFromJson(withoutGroups, 'config.json').numKeyValueHeads, 8);
  });

  it('finds rope_theta at the top level and under rope_parameters', () => {
    assert.equal(read({ rope_theta: 1e6 }).rotaryBase, 1e6);
    assert.equal(read({ rope_parameters: { rope_type: 'default', rope_theta: 2e6 } }).rotaryBase, 2e6);
    assert.equal(read({ rope_theta: 1e6, rope_parameters: { rope_theta: 2e6 } }).rotaryBase, 2e6);
    assert.equal(read({ rope_theta: 1e6, rope_scaling: null }).rotaryBase, 1e6);
  });

  it('refuses scaled rotary positions', () => {
    const pattern = (kind: string): RegExp =>
      new RegExp(`rotary positions of type "${kind}" are not supported`);
    throwsPlainly(() => read({ rope_scaling: { type: 'linear', factor: 2 } }), pattern('linear'));
    throwsPlainly(() => read({ rope_scaling: { rope_type: 'llama3', factor: 8 } }), pattern('llama3'));
    throwsPlainly(() => read({ rope_parameters: { rope_type: 'yarn', rope_theta: 1e6 } }), pattern('yarn'));
  });

  it('refuses what it would silently leave out', () => {
    assert.equal(read({ attention_bias: false, hidden_act: 'silu', use_sliding_window: null }).numLayers, 3);
    throwsPlainly(() => read({ attention_bias: true }), /attention_bias/);
    throwsPlainly(() => read({ mlp_bias: true }), /mlp_bias/);
    throwsPlainly(() => read({ hidden_act: 'gelu' }), /hidden_act.*silu/);
  });

  it('refuses an architecture that is not read', () => {
    throwsPlainly(() => read({ model_type: 'gpt2' }), /architecture "gpt2"; llama and qwen3 are read/);
    throwsPlainly(() => read({ model_type: undefined }), /architecture "undefined"/);
  });

  it('names what is missing or makes no sense', () => {
    throwsPlainly(() => read({ hidden_size: undefined }), /config\.json: "hidden_size" is missing/);
    throwsPlainly(() => read({ vocab_size: '300' }), /"vocab_size" is missing/);
    throwsPlainly(() => read({ num_hidden_layers: 0 }), /numLayers is 0; it must be a whole number above 0/);
    throwsPlainly(() => read({ num_hidden_layers: 1e10 }), /numLayers is 1/);
    throwsPlainly(() => read({ num_attention_heads: 7 }), /headSize is 9\.14/);
    throwsPlainly(() => read({ num_key_value_heads: 3 }), /heads must be a multiple of key-value heads/);
    throwsPlainly(() => read({ head_dim: 5 }), /head size even/);
    throwsPlainly(() => read({ rms_norm_eps: -1 }), /normEpsilon is -1; it must be above 0/);
    throwsPlainly(() => read({ rope_theta: 0 }), /rotaryBase is 0/);
  });
});

describe('configFromGguf', () => {
  const metadata: Readonly<Record<string, GgufValue>> = {
    'general.architecture': 'qwen3',
    'qwen3.block_count': 3,
    'qwen3.embedding_length': 64,
    'qwen3.feed_forward_length': 96n,
    'qwen3.attention.head_count': 8,
    'qwen3.attention.head_count_kv': 2,
    'qwen3.attention.key_length': 16,
    'qwen3.attention.layer_norm_rms_epsilon': 1e-6,
    'qwen3.rope.freq_base': 1e6,
  };
  const read = (
    changes: Readonly<Record<string, GgufValue>>,
    without?: string,
  ): ReturnType<typeof configFromGguf> => {
    const entries = Object.entries({ ...metadata, ...changes }).filter(([key]) => key !== without);
    return configFromGguf(new Map(entries), { path: 'm.gguf', vocabularySize: 300, tied: true });
  };

  it('reads the sizes, with the defaults of what may lack', () => {
    const { headSize, numKeyValueHeads, rotaryBase, feedForwardSize, vocabularySize, tied } = read({});
    assert.deepEqual([headSize, numKeyValueHeads, rotaryBase], [16, 2, 1e6]);
    assert.deepEqual([feedForwardSize, vocabularySize, tied], [96, 300, true]);
    assert.equal(read({}, 'qwen3.attention.key_length').headSize, 8);
    assert.equal(read({}, 'qwen3.attention.head_count_kv').numKeyValueHeads, 8);
    assert.equal(read({}, 'qwen3.rope.freq_base').rotaryBase, 10000);
  });

  it('refuses what it cannot read', () => {
    throwsPlainly(() => read({ 'general.architecture': 'mamba' }), /m\.gguf is of architecture "mamba"/);
    throwsPlainly(() => read({}, 'general.architecture'), /architecture "undefined"/);
    throwsPlainly(() => read({}, 'qwen3.block_count'), /lacks "qwen3\.block_count"/);
    throwsPlainly(
      () => read({ 'qwen3.rope.scaling.type': 'yarn' }),
      /rotary scaling "yarn" is not supported/,
    );
    assert.equal(read({ 'qwen3.rope.scaling.type': 'none' }).numLayers, 3);
    throwsPlainly(() => read({ 'qwen3.attention.head_count': [8, 8, 4] }), /numHeads is NaN/);
    throwsPlainly(() => read({ 'qwen3.block_count': 'three' }), /numLayers is NaN/);
  });
});
