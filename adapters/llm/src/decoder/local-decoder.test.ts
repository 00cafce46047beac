import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { type LoraWeights, Parameters, Random, gradientsOf } from '@coco-rec/core';
import { checkGradients } from '@coco-rec/core/testing';
import { closeTo, farFrom } from '../testing/states.js';
import { startTestEngine } from '../testing/test-engine.js';
import { tinyConfig } from '../testing/tiny-llama.js';
import { decoderFrom } from '../testing/random-decoder.js';
import { generateIds } from './generate.js';
import type { LocalDecoder, ReadOptions } from './local-decoder.js';

const lora = { rank: 2, alpha: 4, dropout: 0.5 };

/** B sequences of N random embeddings. */
function randomEmbeddings(shape: [number, number, number], seed = 3): tf.Tensor3D {
  const random = new Random(seed);
  return tf.tensor3d(
    Float32Array.from({ length: shape[0] * shape[1] * shape[2] }, () => random.normal()),
    shape,
  );
}

/** The last states of rows read in one go, [B · N · H]. */
function read(decoder: LocalDecoder, embeddings: tf.Tensor3D, options?: ReadOptions): Float32Array {
  return tf.tidy(() => decoder.read(embeddings, options).states.dataSync<'float32'>());
}

/** LoRA whose B is not zero, so that it does something. */
function activeLora(decoder: LocalDecoder, parameters: Parameters): LoraWeights {
  const made = decoder.createLora(parameters, lora);
  const random = new Random(5);
  for (const variable of made.variables) {
    tf.tidy(() =>
      variable.assign(
        tf.tensor(
          Float32Array.from({ length: variable.size }, () => 0.3 * random.normal()),
          variable.shape,
        ),
      ),
    );
  }
  return made;
}

for (const architecture of ['llama', 'qwen3'] as const) {
  describe(`LocalDecoder (${architecture})`, () => {
    const config = tinyConfig({ architecture, vocabularySize: 40 });
    let decoder: LocalDecoder;
    let parameters: Parameters;
    let embeddings: tf.Tensor3D;
    let numTensors = 0;

    before(async () => {
      await startTestEngine();
      numTensors = tf.memory().numTensors;
      decoder = decoderFrom(config);
      parameters = new Parameters(new Random(1));
      embeddings = randomEmbeddings([3, 5, 8]);
    });
    after('nothing is left behind', () => {
      decoder.dispose();
      parameters.dispose();
      embeddings.dispose();
      assert.equal(tf.memory().numTensors, numTensors);
    });

    it('greedy text with a key-value cache is the text without', async () => {
      const tensors = tf.memory().numTensors;
      const prompt = [5, 9, 2, 33];
      const made = await generateIds(decoder, prompt, { maxTokens: 8, ends: [] });
      const ids = [...prompt];
      for (let step = 0; step < 8; step++) {
        ids.push(
          tf.tidy(() => {
            const embedded = tf.expandDims(decoder.embed(tf.tensor1d(ids, 'int32')), 0) as tf.Tensor3D;
            const { states } = decoder.read(embedded); // all of it again
            const last = tf.slice(states, [0, ids.length - 1, 0], [1, 1, -1]);
            return tf.argMax(decoder.logits(tf.reshape(last, [1, -1])), 1).dataSync()[0];
          }),
        );
      }
      assert.deepEqual(made, ids.slice(4));
      const end = made[3];
      const until = await generateIds(decoder, prompt, { maxTokens: 8, ends: [end] });
      assert.deepEqual(until, made.slice(0, made.indexOf(end)));
      assert.deepEqual(await generateIds(decoder, prompt, { maxTokens: 0, ends: [] }), []);
      assert.equal(tf.memory().numTensors, tensors);
    });

    it('padding on the right changes nothing before it, whatever it holds', () => {
      const whole = read(decoder, embeddings);
      for (const value of [0, 7]) {
        const padding = tf.fill([3, 4, 8], value);
        const padded = tf.tidy(
          () => tf.concat([tf.slice(embeddings, [0, 0, 0], [3, 3, 8]), padding], 1) as tf.Tensor3D,
        );
        const states = read(decoder, padded);
        for (let b = 0; b < 3; b++) {
          closeTo(
            states.subarray(b * 7 * 8, (b * 7 + 3) * 8),
            whole.subarray(b * 5 * 8, (b * 5 + 3) * 8),
            1e-5,
          );
        }
        tf.dispose([padding, padded]);
      }
    });

    it('rows of different lengths read together, packed, are the rows read alone, gradients included', () => {
      const lengths = Int32Array.of(2, 5, 3);
      const made = activeLora(decoder, parameters.scope('packed'));
      const weights = randomEmbeddings([3, 5, 8], 7);
      const run = (rows: number[], width: number): { states: Float32Array; gradients: Float32Array[] } =>
        tf.tidy(() => {
          const cut = (x: tf.Tensor3D): tf.Tensor3D =>
            tf.slice(tf.gather(x, tf.tensor1d(rows, 'int32')), [0, 0, 0], [rows.length, width, 8]);
          const own = Int32Array.from(rows, (row) => lengths[row]);
          const [x, dy] = [cut(embeddings), cut(weights)];
          const valid = tf.tensor3d(
            rows.flatMap((row) =>
              Array.from({ length: width * 8 }, (_, i) => (i < lengths[row] * 8 ? 1 : 0)),
            ),
            [rows.length, width, 8],
          );
          const pass = { lora: made, dropoutKey: 6, dropoutRows: Int32Array.from(rows) };
          const f = (): tf.Tensor => tf.mul(valid, decoder.forward(x, own, pass));
          const { value, gradients } = gradientsOf(f, [x, ...made.variables], dy);
          return {
            states: value.dataSync<'float32'>(),
            gradients: gradients.map((gradient) => (gradient as tf.Tensor).dataSync<'float32'>()),
          };
        });
      const together = run([0, 1, 2], 5);
      const alone = [0, 1, 2].map((row) => run([row], lengths[row]));
      for (const [row, { states, gradients }] of alone.entries()) {
        const own = lengths[row] * 8;
        closeTo(together.states.subarray(row * 40, row * 40 + own), states, 1e-5);
        closeTo(together.gradients[0].subarray(row * 40, row * 40 + own), gradients[0], 1e-4);
      }
      for (let i = 1; i < together.gradients.length; i++) {
        const sums = together.gradients[i].map((_, n) =>
          alone.reduce((sum, { gradients }) => sum + gradients[i][n], 0),
        );
        closeTo(together.gradients[i], sums, 1e-4);
      }
      weights.dispose();
    });

    it('LoRA with B = 0 changes nothing, with another B it does', () => {
      const plain = read(decoder, embeddings);
      const fresh = decoder.createLora(parameters.scope('fresh'), lora);
      assert.equal(fresh.variables.length, 4 * config.numLayers);
      assert.deepEqual(read(decoder, embeddings, { lora: fresh, dropoutKey: 4 }), plain);
      farFrom(
        read(decoder, embeddings, { lora: activeLora(decoder, parameters.scope('active')) }),
        plain,
        0.01,
      );
    });

    it('has the gradients of central differences, of input embeddings and of LoRA', () => {
      const { config: loraConfig, variables } = activeLora(decoder, parameters.scope('gradients'));
      const epsilon = 5e-3; // a decoder this small bends more than one layer of it
      const small = tf.tidy(() => tf.slice(embeddings, [0, 0, 0], [2, 4, 8]));
      const f = (x: tf.Tensor, ...matrices: tf.Tensor[]): tf.Tensor => {
        const made = { config: loraConfig, variables: matrices as tf.Variable[] };
        return decoder.forward(x as tf.Tensor3D, Int32Array.of(4, 4), { lora: made, dropoutKey: 8 });
      };
      checkGradients(f, [small, ...variables], { random: new Random(2), directions: 4, epsilon });
      for (const [i, variable] of variables.entries()) {
        const ofOne = (matrix: tf.Tensor): tf.Tensor =>
          f(small, ...variables.map((other, j) => (i === j ? matrix : other)));
        checkGradients(ofOne, [variable], { random: new Random(20 + i), directions: 1, epsilon });
      }
      small.dispose();
    });

    it('a row drops the same in whatever part it is read', () => {
      const pass = { lora: activeLora(decoder, parameters.scope('dropout')), dropoutKey: 11 };
      const whole = read(decoder, embeddings, { ...pass, dropoutRows: Int32Array.of(4, 0, 9) });
      for (const [b, row] of [4, 0, 9].entries()) {
        const one = tf.slice(embeddings, [b, 0, 0], [1, 5, 8]);
        const own = whole.subarray(b * 40, (b + 1) * 40);
        closeTo(read(decoder, one, { ...pass, dropoutRows: Int32Array.of(row) }), own, 1e-6);
        farFrom(read(decoder, one, { ...pass, dropoutRows: Int32Array.of(row + 1) }), own, 1e-3);
        farFrom(read(decoder, one, { ...pass, dropoutKey: 12, dropoutRows: Int32Array.of(row) }), own, 1e-3);
        one.dispose();
      }
    });

    it('with fewer layers it is the first blocks and the final norm', () => {
      const [one, two] = [decoderFrom(config, 1), decoderFrom(config, 2)];
      assert.deepEqual([one.numLayers, two.numLayers], [1, 2]);
      assert.deepEqual(read(two, embeddings), read(decoder, embeddings));
      const afterOne = read(one, embeddings, { finalNorm: false });
      const gain = decoder.weights.finalNorm.dataSync();
      const expected = Float32Array.from(afterOne, (value, i) => {
        const row = afterOne.subarray(i - (i % 8), i - (i % 8) + 8);
        const meanSquare = row.reduce((sum, x) => sum + x * x, 0) / 8;
        return (value / Math.sqrt(meanSquare + config.normEpsilon)) * gain[i % 8];
      });
      closeTo(read(one, embeddings), expected, 1e-5);
      farFrom(read(two, embeddings), expected, 0.01);
      one.dispose();
      two.dispose();
    });

    it('embeds by row, and knows the mean norm of its rows', () => {
      const table = decoder.weights.embedding.dataSync();
      const embedded = tf.tidy(() => decoder.embed(tf.tensor1d([7, 0, 7], 'int32')).dataSync());
      assert.deepEqual(
        [...embedded],
        [7, 0, 7].flatMap((id) => [...table.subarray(id * 8, id * 8 + 8)]),
      );
      let sum = 0;
      for (let id = 0; id < 40; id++) sum += Math.hypot(...table.subarray(id * 8, id * 8 + 8));
      assert.ok(Math.abs(decoder.embeddingNorm - sum / 40) < 1e-5);
    });

    it('leaves no tensor behind', () => {
      const active = activeLora(decoder, parameters.scope('leak'));
      const tensors = tf.memory().numTensors;
      const f = (x: tf.Tensor): tf.Tensor =>
        tf.sum(decoder.forward(x as tf.Tensor3D, Int32Array.of(5, 5, 5), { lora: active, dropoutKey: 1 }));
      tf.tidy(() => f(embeddings).dataSync());
      assert.equal(tf.memory().numTensors, tensors);
      tf.grad(f)(embeddings).dispose();
      assert.equal(tf.memory().numTensors, tensors);
      decoderFrom(config).dispose();
      assert.equal(tf.memory().numTensors, tensors);
    });
  });
}
