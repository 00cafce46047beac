import * as tf from '@tensorflow/tfjs-core';
import { Random, gradientsOf, normal } from '@coco-rec/core';
import { LocalDecoder, fromFiles, makeWeights, openModel } from '@coco-rec/llm';
import { type BenchCase, type Times, timed } from '../bench-case.js';
import { needsModel } from '../options.js';
import { torch } from '../peers/known-peers.js';
import { decoderGigaflop } from '../work.js';

const [blocks, rows, vectors] = [6, 64, 24];

export const decoder: BenchCase = {
  id: 'decoder',
  summary: `${blocks} blocks of SmolLM2 over ${rows} × ${vectors} vectors, forward and backward to the vectors`,
  peers: [torch('decoder', { blocks, rows, vectors })],
  missing: needsModel,
  run: async ({ options, measureRate }) => {
    const { config, weights } = openModel(options.model);
    const model = new LocalDecoder(config, makeWeights(config, blocks, fromFiles(weights, options.model)));
    const H = config.hiddenSize;
    const values = normal(0.1)([rows, vectors, H], new Random(1));
    const x: tf.Tensor3D = tf.tensor(values, [rows, vectors, H]);
    const lengths = new Int32Array(rows).fill(vectors);
    const forward = (): tf.Tensor3D => model.forward(x, lengths);
    const plain: Times = { values: [], processorValues: [] };
    const both: Times = { values: [], processorValues: [] };
    for (let i = 0; i <= options.repeats; i++) {
      measureRate();
      await timed(plain, () => tf.tidy(() => void forward().dataSync()));
      await timed(both, () => tf.tidy(() => void gradientsOf(forward, [x]).gradients[0]?.dataSync()));
    }
    tf.dispose(x);
    model.dispose();
    const gigaflop = decoderGigaflop(config, blocks, rows, vectors);
    const name = `${blocks} LLM blocks, ${rows} × ${vectors} vectors`;
    // The frozen weights have no gradient: the backward pass is one product for each of the forward pass.
    return [
      { name: `${name}, forward`, unit: 's', ...counted(plain), gigaflop },
      { name: `${name}, forward and backward`, unit: 's', ...counted(both), gigaflop: 2 * gigaflop },
    ];
  },
};

/** Without the first, which is warm-up. */
function counted({ values, processorValues }: Times): Times {
  return { values: values.slice(1), processorValues: processorValues.slice(1) };
}
