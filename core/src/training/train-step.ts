import * as tf from '@tensorflow/tfjs-core';
import { CocoError } from '../errors.js';
import type { Batch } from '../specification/batch.js';
import { disposeBatch } from '../specification/backbone.js';
import { Pass } from '../specification/pass.js';
import type { Parameter } from '../specification/parameters.js';
import type { Adam, AdamConfig } from './adam.js';
import type { SequenceModel } from './sequence-model.js';

/** A block of a step's rows. */
export interface StepPart {
  readonly batch: Batch;
  /** Names the part for dropout and sampling. */
  readonly key: number;
  /** Multiplies the loss: the part's share of rows, so that every row of an epoch counts alike. */
  readonly weight: number;
}

export interface StepInput {
  readonly model: SequenceModel;
  /** Their gradients are added up before the update. */
  readonly parts: readonly StepPart[];
  readonly adam: Adam;
  readonly config: AdamConfig;
  readonly rateScale: number;
  readonly parameters: readonly Parameter[];
  /** For the NaN guard: "joint, epoch 3, step 17". */
  readonly place: string;
}

/**
 * One step: prepare, forward and backward of each part, update.
 * @returns the sum over parts of weight · loss part, by name, and the gradient's norm as "gradient norm".
 * @throws CocoError at a loss or gradient that is not finite, with the step, the loss parts and the users; the weights
 * are then still those before the step.
 */
export async function trainStep(input: StepInput): Promise<Record<string, number>> {
  const report: Record<string, number> = {};
  let gradients = new Map<string, tf.Tensor>();
  try {
    for (const part of input.parts) {
      const found = await partGradients(input, part);
      gradients = added(gradients, found.gradients);
      guard(found.report, input, part.batch);
      for (const [name, value] of Object.entries(found.report))
        report[name] = (report[name] ?? 0) + value * part.weight;
    }
    report['gradient norm'] = input.adam.apply(input.parameters, gradients, input.config, input.rateScale);
    guard(report, input, input.parts[0].batch);
    return report;
  } finally {
    tf.dispose([...gradients.values()]);
  }
}

async function partGradients(
  { model, parameters }: StepInput,
  part: StepPart,
): Promise<{ report: Record<string, number>; gradients: Map<string, tf.Tensor> }> {
  const batch = await model.backbone.prepare(part.batch);
  const prepared = model.fused ? await model.fusion.prepare(batch) : undefined;
  const names: string[] = [];
  const parts: tf.Scalar[] = [];
  try {
    const gradients = tf.tidy(() => {
      const { grads } = tf.variableGrads(
        () => {
          const loss = model.stepLoss(batch, prepared, Pass.train(part.key));
          for (const [name, value] of Object.entries(loss.parts)) {
            names.push(name);
            parts.push(tf.keep(tf.clone(value)));
          }
          return tf.mul(loss.total, part.weight) as tf.Scalar;
        },
        parameters.map(({ variable }) => variable),
      );
      return grads;
    });
    const report = Object.fromEntries(names.map((name, i) => [name, parts[i].dataSync()[0]]));
    return { report, gradients: byParameter(parameters, gradients) };
  } finally {
    tf.dispose(parts);
    disposeBatch(batch);
    tf.dispose(prepared as tf.TensorContainer);
  }
}

/** Sum by name; both maps' tensors are used up. */
function added(sums: Map<string, tf.Tensor>, more: Map<string, tf.Tensor>): Map<string, tf.Tensor> {
  for (const [name, gradient] of more) {
    const sum = sums.get(name);
    if (!sum) {
      sums.set(name, gradient);
      continue;
    }
    sums.set(name, tf.add(sum, gradient));
    tf.dispose([sum, gradient]);
  }
  return sums;
}

function byParameter(parameters: readonly Parameter[], grads: tf.NamedTensorMap): Map<string, tf.Tensor> {
  const found = new Map<string, tf.Tensor>();
  for (const { name, variable } of parameters) {
    const gradient = grads[variable.name] as tf.Tensor | null;
    if (gradient) found.set(name, gradient);
  }
  return found;
}

function guard(report: Record<string, number>, { place }: StepInput, batch: Batch): void {
  if (Object.values(report).every(Number.isFinite)) return;
  const parts = Object.entries(report).map(([name, value]) => `${name} ${value}`);
  const users = [...new Set(batch.rows.user)].slice(0, 8).join(', ');
  throw new CocoError(
    `Training stopped at ${place}: a loss or a gradient is not finite (${parts.join(', ')}; users ${users}, …). ` +
      'The last checkpoint is kept; try a lower learning rate or a smaller gradientNorm.',
  );
}
