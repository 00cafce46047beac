/** Compares a model with the reference values beside it (`golden.safetensors`; forward 1e-4, gradients 1e-3). */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { CocoError, gradientsOf } from '@coco-rec/core';
import { fromFiles, makeWeights } from './decoder/decoder-weights.js';
import { LocalDecoder } from './decoder/local-decoder.js';
import { openSafetensors } from './formats/safetensors-file.js';
import type { StoredTensor } from './formats/weights.js';
import { openModel } from './open-model.js';

export interface CheckedTensor {
  readonly name: string;
  /** Largest absolute difference, as a share of the reference's largest absolute value. */
  readonly error: number;
  readonly tolerance: number;
  readonly passed: boolean;
}

const forwardTolerance = 1e-4;
const gradientTolerance = 1e-3;

/**
 * Needs a started engine. @param folder a model folder with `golden.safetensors`
 * @throws CocoError if the model or the reference cannot be read
 */
export async function checkModel(folder: string): Promise<CheckedTensor[]> {
  const path = join(folder, 'golden.safetensors');
  const source = openModel(folder);
  if (!existsSync(path)) throw new CocoError(`${folder} has no golden.safetensors to compare with.`);
  const golden = openSafetensors(path);
  const { config, weights } = source;
  const decoder = new LocalDecoder(config, makeWeights(config, config.numLayers, fromFiles(weights, folder)));
  try {
    const made = tf.tidy(() => compute(decoder, (name) => goldenTensor(golden, name, path)));
    const checked: CheckedTensor[] = [];
    for (const [name, tensor] of Object.entries(made)) {
      const isGradient = name.startsWith('grad_');
      checked.push(
        await checkTensor(name, tensor, golden, isGradient ? gradientTolerance : forwardTolerance),
      );
      tensor.dispose();
    }
    return checked;
  } finally {
    decoder.dispose();
  }
}

function goldenTensor(golden: ReadonlyMap<string, StoredTensor>, name: string, path: string): tf.Tensor {
  const stored = golden.get(name);
  if (!stored) throw new CocoError(`${path} lacks the tensor "${name}".`);
  return tf.tensor(stored.read(), [...stored.shape], 'float32');
}

type Computed = Record<'logits' | 'hidden' | 'loss' | `grad_${string}`, tf.Tensor>;

/** Every value that the reference holds, from its inputs. */
function compute(decoder: LocalDecoder, golden: (name: string) => tf.Tensor): Computed {
  const ids = tf.cast(golden('ids'), 'int32'); // [B, T]
  const [B, T] = ids.shape as [number, number];
  const H = decoder.hiddenSize;
  const embedded = tf.reshape(decoder.embed(tf.reshape(ids, [B * T])), [B, T, H]) as tf.Tensor3D;
  const states = decoder.read(embedded).states; // [B, T, H]
  const mask = tf.expandDims(golden('attention_mask'), 2); // [B, S + T, 1]
  const embeddings = golden('inputs_embeds') as tf.Tensor3D; // [B, S + T, H]
  const weight = tf.mul(golden('loss_weight'), mask);
  const { blocks } = decoder.weights;
  const { query } = blocks[0];
  const { value } = blocks[blocks.length - 1];
  const loss = (): tf.Tensor => tf.sum(tf.mul(decoder.read(embeddings).states, weight));
  const { value: sum, gradients } = gradientsOf(loss, [embeddings, query, value]);
  const [byInput, byQuery, byValue] = gradients as tf.Tensor[];
  return {
    logits: decoder.logits(tf.reshape(states, [B * T, H])), // [B · T, V]
    hidden: decoder.read(embeddings).states,
    loss: tf.reshape(sum, [1]),
    grad_inputs_embeds: byInput,
    grad_q_proj_layer0: tf.transpose(byQuery),
    grad_v_proj_last: tf.transpose(byValue),
  };
}

/** Which mask says what counts in a tensor. */
const maskOf: Readonly<Record<string, string>> = {
  logits: 'mask',
  hidden: 'attention_mask',
  grad_inputs_embeds: 'attention_mask',
};

async function checkTensor(
  name: string,
  tensor: tf.Tensor,
  golden: ReadonlyMap<string, StoredTensor>,
  tolerance: number,
): Promise<CheckedTensor> {
  const expected = golden.get(name)?.read();
  if (!expected) throw new CocoError(`golden.safetensors lacks the tensor "${name}".`);
  const values = await tensor.data();
  if (values.length !== expected.length) {
    throw new CocoError(`"${name}" has ${values.length} values, expected ${expected.length}.`);
  }
  const mask = golden.get(maskOf[name])?.read() ?? new Float32Array(1).fill(1);
  const width = expected.length / mask.length;
  let largest = 0;
  let difference = 0;
  values.forEach((value, i) => {
    if (mask[Math.floor(i / width)] === 0) return;
    largest = Math.max(largest, Math.abs(expected[i]));
    difference = Math.max(difference, Math.abs(value - expected[i]));
  });
  const error = difference / largest;
  return { name, error, tolerance, passed: error <= tolerance };
}
