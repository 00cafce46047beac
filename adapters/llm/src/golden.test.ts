import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { checkModel } from './check-model.js';
import { startTestEngine } from './testing/test-engine.js';

const shared = resolve(process.env.COCO_SHARED ?? join(import.meta.dirname, '../../../../shared'));
const golden = join(shared, 'golden');

describe('golden values of the local decoder', () => {
  before(startTestEngine);

  for (const model of ['qwen3-tiny', 'llama-tiny']) {
    it(`${model}: logits, states and gradients within tolerance`, async function () {
      if (!existsSync(golden)) {
        console.log(`      skipped: the reference values are not at ${golden}`);
        this.skip();
      }
      const { numTensors } = tf.memory();
      const checked = await checkModel(join(golden, model));
      assert.equal(checked.length, 6);
      for (const { name, error, tolerance, passed } of checked) {
        assert.ok(passed, `${name}: relative error ${error}, tolerance ${tolerance}`);
      }
      assert.equal(tf.memory().numTensors, numTensors);
    });
  }
});
