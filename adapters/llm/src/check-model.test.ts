import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { encodeSafetensors, type NamedArray } from '@coco-rec/core';
import { checkModel } from './check-model.js';
import { rejectsPlainly } from './testing/complaints.js';
import { startTestEngine } from './testing/test-engine.js';
import { TemporaryFolder } from './testing/temporary-folder.js';
import { tinyConfig, writeTinyFolder } from './testing/tiny-llama.js';

const [B, T, H] = [1, 3, 8];
const config = tinyConfig();

/** The inputs of a reference, and results that are all 1: wrong for any model. */
function wrongReference(): Map<string, NamedArray> {
  const filled = (shape: number[], value = 1): NamedArray => ({
    shape,
    values: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(value),
  });
  const queries = config.numHeads * config.headSize;
  const values = config.numKeyValueHeads * config.headSize;
  return new Map([
    ['ids', { shape: [B, T], values: Int32Array.of(5, 9, 2) }],
    ['mask', filled([B, T])],
    ['attention_mask', filled([B, T + 1])],
    ['inputs_embeds', filled([B, T + 1, H], 0.3)],
    ['loss_weight', filled([B, T + 1, H], 0.1)],
    ['logits', filled([B, T, config.vocabularySize])],
    ['hidden', filled([B, T + 1, H])],
    ['loss', filled([1])],
    ['grad_inputs_embeds', filled([B, T + 1, H])],
    ['grad_q_proj_layer0', filled([queries, H])],
    ['grad_v_proj_last', filled([values, H])],
  ]);
}

describe('checkModel', () => {
  const folder = new TemporaryFolder();
  let model = '';
  const write = (reference: ReadonlyMap<string, NamedArray>): void =>
    writeFileSync(join(model, 'golden.safetensors'), encodeSafetensors(reference, {}));

  before(async () => {
    await startTestEngine();
    model = writeTinyFolder(folder.at('model'), config);
  });
  after(() => folder.remove());

  it('passes nothing that is wrong, and leaves no tensor behind', async () => {
    write(wrongReference());
    const { numTensors } = tf.memory();
    const checked = await checkModel(model);
    assert.equal(checked.length, 6);
    for (const { name, error, tolerance, passed } of checked) {
      assert.ok(error > tolerance && !passed, `${name}: ${error}`);
      assert.equal(tolerance, name.startsWith('grad_') ? 1e-3 : 1e-4);
    }
    assert.equal(tf.memory().numTensors, numTensors);
  });

  it('fails a result that is no number', async () => {
    const reference = wrongReference();
    reference.get('hidden')?.values.fill(NaN);
    write(reference);
    const hidden = (await checkModel(model)).find(({ name }) => name === 'hidden');
    assert.equal(hidden?.passed, false);
  });

  it('complains of a reference that lacks, or lacks a tensor, or has another size', async () => {
    const reference = wrongReference();
    reference.delete('grad_v_proj_last');
    write(reference);
    await rejectsPlainly(() => checkModel(model), /lacks the tensor "grad_v_proj_last"/);
    reference.delete('ids');
    write(reference);
    await rejectsPlainly(() => checkModel(model), /golden\.safetensors lacks the tensor "ids"/);
    write(new Map([...wrongReference(), ['loss', { shape: [2], values: new Float32Array(2) }]]));
    await rejectsPlainly(() => checkModel(model), /"loss" has 1 values, expected 2/);
    rmSync(join(model, 'golden.safetensors'));
    await rejectsPlainly(() => checkModel(model), /model has no golden\.safetensors to compare with/);
  });
});
