/**
 * Supervised fine-tuning of a decoder by LoRA on the q and v projections (Hu et al. 2021): mean cross-entropy of the
 * answers' tokens, Adam without weight decay, gradients cut to norm 1.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import * as tf from '@tensorflow/tfjs-core';
import {
  Adam,
  CocoError,
  type LoraWeights,
  type Parameters,
  Random,
  type TuningConfig,
  type TuningOptions,
} from '@coco-rec/core';
import type { LocalDecoder } from '../decoder/local-decoder.js';
import { answerLoss } from './answer-loss.js';
import { type Example, answerTokens } from './examples.js';

/** Tokens that one pass reads with its tape, padding included; a longer pair is a pass of its own. */
const tokensPerPass = 512;

/** Share of the steps over which the learning rate rises. */
const warmUp = 0.1;

export interface Tuning {
  readonly decoder: LocalDecoder;
  readonly lora: LoraWeights;
  /** Of the LoRA weights; they change. */
  readonly parameters: Parameters;
  readonly examples: readonly Example[];
  readonly config: TuningConfig;
  readonly options: TuningOptions;
}

/** One pair of a step, with its number there: dropout counts by it, whatever the parts. */
interface Row {
  readonly example: Example;
  readonly number: number;
}

/** @throws CocoError where a gradient is not finite; what the signal was aborted with */
export async function tuneDecoder(tuning: Tuning): Promise<void> {
  const { examples, config, options, parameters } = tuning;
  const random = new Random(config.seed).derive('tuning');
  const perEpoch = Math.ceil(examples.length / config.batchSize);
  const steps = config.epochs * perEpoch;
  const adam = new Adam();
  try {
    for (let step = 0; step < steps; step++) {
      const epoch = Math.floor(step / perEpoch);
      const order = random.derive('order', epoch).shuffle([...examples]);
      const from = (step % perEpoch) * config.batchSize;
      const batch = order.slice(from, from + config.batchSize);
      const { loss, gradients } = await gradientsOf(tuning, batch, random.derive('dropout', step).streamKey);
      const entries = parameters.entries();
      const named = new Map(entries.map(({ name }, i) => [name, gradients[i]]));
      const settings = { learningRate: config.learningRate, weightDecay: 0, gradientNorm: 1 };
      const norm = adam.apply(entries, named, settings, rateAt(step, steps));
      tf.dispose(gradients);
      if (!Number.isFinite(norm)) {
        throw new CocoError(`${options.label}: the gradient of step ${step + 1} is not finite.`);
      }
      options.progress?.report(options.label, step + 1, steps, `loss ${loss.toFixed(3)}`);
    }
  } finally {
    adam.dispose();
  }
}

/** Factor of the learning rate: up in a line, down by a cosine. */
function rateAt(step: number, steps: number): number {
  const rising = Math.ceil(warmUp * steps);
  if (step < rising) return (step + 1) / rising;
  return 0.5 * (1 + Math.cos((Math.PI * (step - rising)) / Math.max(1, steps - rising)));
}

/** Mean loss of the answer tokens of a step, and its gradients, summed up part by part. */
async function gradientsOf(
  { decoder, lora, parameters, options }: Tuning,
  batch: readonly Example[],
  dropoutKey: number,
): Promise<{ loss: number; gradients: tf.Tensor[] }> {
  const variables = parameters.entries().map(({ variable }) => variable);
  const count = answerTokens(batch);
  let sums: tf.Tensor[] = [];
  let loss = 0;
  try {
    for (const part of partsOf(batch)) {
      await nextTurn(); // lets Ctrl-C through
      options.signal?.throwIfAborted();
      const dropoutRows = Int32Array.from(part, ({ number }) => number);
      const pass = { lora, dropoutKey, dropoutRows };
      const rows = part.map(({ example }) => example);
      const next = tf.tidy(() => {
        const { value, grads } = tf.variableGrads(
          () => tf.div(answerLoss(decoder, rows, pass), count) as tf.Scalar,
          variables,
        );
        loss += value.dataSync()[0];
        return variables.map(({ name }, i) => (sums.length > 0 ? tf.add(sums[i], grads[name]) : grads[name]));
      });
      tf.dispose(sums);
      sums = next;
    }
    return { loss, gradients: sums };
  } catch (error) {
    tf.dispose(sums);
    throw error;
  }
}

/** Pairs of like length side by side, as many as a pass may read. */
function partsOf(batch: readonly Example[]): Row[][] {
  const rows = batch.map((example, number) => ({ example, number }));
  rows.sort((a, b) => a.example.ids.length - b.example.ids.length || a.number - b.number);
  const parts: Row[][] = [];
  for (const row of rows) {
    const last = parts.at(-1);
    if (last && (last.length + 1) * row.example.ids.length <= tokensPerPass) last.push(row);
    else parts.push([row]);
  }
  return parts;
}
