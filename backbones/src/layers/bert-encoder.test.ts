import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { Parameters, Pass, Random, paddingMask } from '@coco-rec/core';
import { assertClose } from '../small-world.test.js';
import { type BertOptions, bertEncode, bertEncodeChosen, buildBertEncoder } from './bert-encoder.js';

const [B, T, D] = [3, 5, 4];
const lengths = Int32Array.of(5, 1, 3);
const chosen = Int32Array.from(lengths, (length, b) => b * T + length - 1);

describe('BERT encoder', () => {
  before(() => tf.setBackend('cpu'));

  for (const numLayers of [1, 3]) {
    it(`gives chosen states as among all, with the same gradients, of ${numLayers} blocks`, () => {
      const parameters = new Parameters(new Random(1));
      const shape = { dimension: D, feedForwardFactor: 2, numLayers, positions: T };
      const encoder = buildBertEncoder(parameters, shape);
      tf.tidy(() => {
        const noise = { dropout: 0, attentionDropout: 0, pass: Pass.predict };
        const options: BertOptions = { ...noise, numHeads: 2, mask: paddingMask(lengths, T) };
        const x = tf.tensor3d(
          Float32Array.from({ length: B * T * D }, (_, i) => Math.sin(7 * i)),
          [B, T, D],
        );
        const weight = tf.reshape(tf.cos(tf.range(0, B * D)), [B, D]);
        const alone = (v: tf.Tensor3D): tf.Tensor => bertEncodeChosen(encoder, v, chosen, options);
        const amongAll = (v: tf.Tensor3D): tf.Tensor =>
          tf.gather(tf.reshape(bertEncode(encoder, v, options), [B * T, D]), tf.tensor1d(chosen, 'int32'));
        const [one, all] = [alone, amongAll].map((states) => {
          const { value, grad } = tf.valueAndGrad((v) => tf.sum(tf.mul(states(v as tf.Tensor3D), weight)))(x);
          return {
            value: [...value.dataSync()],
            states: [...states(x).dataSync()],
            grad: [...grad.dataSync()],
          };
        });
        assertClose(one.states, all.states);
        assertClose(one.value, all.value);
        assertClose(one.grad, all.grad, 1e-4);
        assert.ok(one.grad.some((value) => Math.abs(value) > 0.01));
      });
      parameters.dispose();
    });
  }
});
