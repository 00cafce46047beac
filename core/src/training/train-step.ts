import * as tf from '@tensorflow/tfjs-core';
import { CocoError } from '../errors.js';
import type { Batch } from '../specification/batch.js';
import { disposeBatch } from '../specification/backbone.js';
import { Pass } from '../specification/pass.js';
import type { Parameter } from '../specification/parameters.js';
import type { Stage, StepLoss } from '../specification/stage.js';
import type { Strings } from '../specification/dataset.js';
import { disposeTape } from '../tensor/tape.js';
import type { Adam, AdamConfig } from './adam.js';
import type { ModelInput, SequenceModel } from './sequence-model.js';

/** A block of a step's rows. */
export interface StepPart {
  readonly batch: Batch;
  /** Names the part for dropout and sampling. */
  readonly key: number;
}

export interface StepInput {
  readonly model: SequenceModel;
  /** Blocks of like length; the loss is the mean over all their rows. */
  readonly parts: readonly StepPart[];
  /** Multiplies the loss. Default 1. */
  readonly weight?: number;
  /** Stands in for the model's own loss, block by block; their mean by rows. */
  readonly loss?: Stage['loss'];
  readonly adam: Adam;
  readonly config: AdamConfig;
  readonly rateScale: number;
  readonly parameters: readonly Parameter[];
  /** Raw ids, for the NaN guard. Default: the numbers of the users. */
  readonly userNames?: Pick<Strings, 'get'>;
  /** For the NaN guard: "joint, epoch 3, step 17". */
  readonly place: string;
}

/**
 * One step: prepare, forward and backward, update.
 * @returns weight · loss part, by name, all of them together as "total", and the gradient's norm as "gradient norm".
 * @throws CocoError at a loss or gradient that is not finite, with the step, the loss parts and the users; the weights
 * are then still those before the step.
 */
export async function trainStep(input: StepInput): Promise<Record<string, number>> {
  const { model, parts } = input;
  const blocks: ModelInput[] = [];
  let gradients = new Map<string, tf.Tensor>();
  try {
    for (const { batch, key } of parts) blocks.push(await prepareBlock(model, batch, key));
    const found = stepGradients(input, blocks);
    gradients = found.gradients;
    guard(found.report, input);
    const norm = input.adam.apply(input.parameters, gradients, input.config, input.rateScale);
    const report = { ...found.report, 'gradient norm': norm };
    guard(report, input);
    return report;
  } finally {
    tf.dispose([...gradients.values()]);
    for (const { batch, prepared } of blocks) {
      disposeBatch(batch);
      tf.dispose(prepared as tf.TensorContainer);
    }
  }
}

async function prepareBlock(model: SequenceModel, raw: Batch, key: number): Promise<ModelInput> {
  const batch = await model.backbone.prepare(raw);
  const prepared = model.fused ? await model.fusion.prepare(batch) : undefined;
  return { batch, prepared, pass: Pass.train(key) };
}

function stepGradients(
  { model, parameters, adam, loss, weight = 1 }: StepInput,
  blocks: readonly ModelInput[],
): { report: Record<string, number>; gradients: Map<string, tf.Tensor> } {
  const parts = new Map<string, tf.Scalar>();
  try {
    const gradients = tf.tidy(() =>
      adam.gradients(parameters, () => {
        const found = loss ? meanLoss(blocks, loss) : model.stepLoss(blocks);
        const total: tf.Scalar = tf.mul(found.total, weight);
        for (const [name, value] of Object.entries(found.parts))
          parts.set(name, tf.keep(tf.mul(value, weight)));
        parts.set('total', tf.keep(tf.clone(total)));
        return total;
      }),
    );
    const report = Object.fromEntries([...parts].map(([name, value]) => [name, value.dataSync()[0]]));
    return { report, gradients: byParameter(parameters, gradients) };
  } catch (error) {
    disposeTape();
    throw error;
  } finally {
    tf.dispose([...parts.values()]);
  }
}

/** The mean over blocks, each weighing as many as it has rows. */
function meanLoss(blocks: readonly ModelInput[], loss: NonNullable<Stage['loss']>): StepLoss {
  const rows = blocks.reduce((sum, { batch }) => sum + batch.rows.count, 0);
  const parts: Record<string, tf.Scalar> = {};
  const totals = blocks.map(({ batch, pass }) => {
    const own = loss(batch, pass);
    const share = batch.rows.count / rows;
    for (const [name, value] of Object.entries(own.parts)) {
      const weighted: tf.Scalar = tf.mul(value, share);
      parts[name] = name in parts ? tf.add(parts[name], weighted) : weighted;
    }
    return tf.mul(own.total, share);
  });
  return { total: tf.addN(totals) as tf.Scalar, parts };
}

function byParameter(parameters: readonly Parameter[], grads: tf.NamedTensorMap): Map<string, tf.Tensor> {
  const found = new Map<string, tf.Tensor>();
  for (const { name, variable } of parameters) {
    const gradient = grads[variable.name] as tf.Tensor | null;
    if (gradient) found.set(name, gradient);
  }
  return found;
}

function guard(report: Record<string, number>, { place, parts: blocks, userNames }: StepInput): void {
  if (Object.values(report).every(Number.isFinite)) return;
  const parts = Object.entries(report).map(([name, value]) => `${name} ${value}`);
  const all = [...new Set(blocks.flatMap(({ batch }) => [...batch.rows.user]))];
  const named = all.slice(0, 8).map((user) => userNames?.get(user) ?? String(user));
  const users = `${named.join(', ')}${all.length > named.length ? `, … (${all.length} in all)` : ''}`;
  throw new CocoError(
    `Training stopped at ${place}: a loss or a gradient is not finite (${parts.join(', ')}; users ${users}). ` +
      'The last checkpoint is kept; ' +
      (/\bepoch 1, step 1$/.test(place)
        ? 'as no step has been made, look at the first values of the weights and at the states, padded positions too.'
        : 'try a lower learning rate or a smaller gradientNorm.'),
  );
}
