import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { Parameters, Random, constant, normal } from '@coco-rec/core';
import { makeWeights } from '../decoder/decoder-weights.js';
import { LocalDecoder } from '../decoder/local-decoder.js';
import { decoderFrom } from '../testing/random-decoder.js';
import { statesOf } from '../testing/states.js';
import { startTestEngine } from '../testing/test-engine.js';
import { tinyConfig } from '../testing/tiny-llama.js';
import { type PairIds, pairLoss } from './pair-loss.js';

const config = tinyConfig({ architecture: 'qwen3', tied: true });
const pairs: PairIds[] = [
  [
    [3, 9, 4],
    [9, 4, 3, 12, 7],
  ],
  [[21, 5], [5]],
  [
    [30, 31, 32, 33],
    [33, 30],
  ],
];

/** Mean over the tokens' states, of length 1. */
function unitOf(decoder: LocalDecoder, ids: readonly number[]): number[] {
  const states = statesOf(decoder, ids);
  const H = decoder.hiddenSize;
  const mean = Array.from({ length: H }, (_, h) => ids.reduce((sum, _id, t) => sum + states[t * H + h], 0));
  const norm = Math.sqrt(mean.reduce((sum, value) => sum + value * value, 0));
  return mean.map((value) => value / norm);
}

/** The mean surprise of each text's partner among all texts of the other side, counted plainly. */
function plainLoss(decoder: LocalDecoder, temperature: number): number {
  const sides = [0, 1].map((side) => pairs.map((pair) => unitOf(decoder, pair[side])));
  const surprises = [0, 1].flatMap((side) =>
    sides[side].map((from, i) => {
      const scores = sides[1 - side].map(
        (to) => to.reduce((sum, value, h) => sum + value * from[h], 0) / temperature,
      );
      return Math.log(scores.reduce((sum, score) => sum + Math.exp(score), 0)) - scores[i];
    }),
  );
  return surprises.reduce((sum, value) => sum + value, 0) / surprises.length;
}

describe('pairLoss', () => {
  before(startTestEngine);

  for (const temperature of [0.05, 1]) {
    it(`is the InfoNCE of the vectors of texts, at temperature ${temperature}`, () => {
      const { numTensors } = tf.memory();
      const decoder = decoderFrom(config);
      const loss = tf.tidy(() => pairLoss(decoder, pairs, temperature).dataSync()[0]);
      const expected = plainLoss(decoder, temperature);
      assert.ok(Math.abs(loss - expected) < 1e-4 * Math.max(1, expected), `${loss}, expected ${expected}`);
      decoder.dispose();
      assert.equal(tf.memory().numTensors, numTensors);
    });
  }

  it('reads the first blocks only, if asked to', () => {
    const [decoder, shallow] = [decoderFrom(config), decoderFrom(config, 1)];
    const loss = tf.tidy(() => pairLoss(decoder, pairs, 0.1, 1).dataSync()[0]);
    const expected = plainLoss(shallow, 0.1);
    assert.ok(Math.abs(loss - expected) < 1e-4 * Math.max(1, expected), `${loss}, expected ${expected}`);
    assert.notEqual(loss, plainLoss(decoder, 0.1));
    decoder.dispose();
    shallow.dispose();
  });

  it('has the slope that its differences say', () => {
    const parameters = new Parameters(new Random(2));
    const decoder = new LocalDecoder(
      config,
      makeWeights(config, config.numLayers, (name, shape, turned) =>
        parameters.variable(
          name,
          turned ? [...shape].reverse() : shape,
          shape.length === 1 ? constant(1) : normal(0.3),
        ),
      ),
    );
    const variables = parameters.entries().map(({ variable }) => variable);
    const value = (): number => tf.tidy(() => pairLoss(decoder, pairs, 0.5).dataSync()[0]);
    const slope = tf.tidy(() => {
      const { grads } = tf.variableGrads(() => pairLoss(decoder, pairs, 0.5), variables);
      return tf.addN(Object.values(grads).map((gradient) => tf.sum(tf.square(gradient)))).dataSync()[0];
    });
    // A step along the gradient changes the loss by the gradient's square.
    const at = (step: number): number => {
      const before = variables.map((variable) => variable.clone());
      tf.tidy(() => {
        const { grads } = tf.variableGrads(() => pairLoss(decoder, pairs, 0.5), variables);
        for (const variable of variables)
          variable.assign(tf.add(variable, tf.mul(grads[variable.name], step)));
      });
      const moved = value();
      variables.forEach((variable, i) => variable.assign(before[i]));
      tf.dispose(before);
      return moved;
    };
    const step = 1e-2 / slope;
    const measured = (at(step) - at(-step)) / (2 * step);
    assert.ok(Math.abs(measured / slope - 1) < 0.03, `${measured}, expected ${slope}`);
    parameters.dispose();
  });
});
