import * as tf from '@tensorflow/tfjs-core';
import { CocoError } from '../errors.js';
import type { Batch } from '../specification/batch.js';
import { disposeBatch } from '../specification/backbone.js';
import { Pass } from '../specification/pass.js';
import type { Parameter } from '../specification/parameters.js';
import type { Adam, AdamConfig } from './adam.js';
import type { SequenceModel } from './sequence-model.js';

export interface StepInput {
  readonly model: SequenceModel;
  readonly batch: Batch;
  /** Names the step for dropout and sampling. */
  readonly key: number;
  readonly adam: Adam;
  readonly config: AdamConfig;
  readonly rateScale: number;
  readonly parameters: readonly Parameter[];
  /** Multiplies the loss: the step's share of rows, so that every row of an epoch counts alike. */
  readonly weight: number;
  /** For the NaN guard: "joint, epoch 3, step 17". */
  readonly place: string;
}

/**
 * One step: prepare, forward and backward, update.
 * @returns the loss parts by name, and the gradient's norm as "gradient norm".
 * @throws CocoError at a loss or gradient that is not finite, with the step, the parts and the batch's users; the
 * weights are then still those before the step.
 */
export async function trainStep(input: StepInput): Promise<Record<string, number>> {
  const { model } = input;
  const batch = await model.backbone.prepare(input.batch);
  const prepared = model.fused ? await model.fusion.prepare(batch) : undefined;
  try {
    return tf.tidy(() => {
      const names: string[] = [];
      const parts: tf.Scalar[] = [];
      const { grads } = tf.variableGrads(
        () => {
          const loss = model.stepLoss(batch, prepared, Pass.train(input.key));
          for (const [name, value] of Object.entries(loss.parts)) {
            names.push(name);
            parts.push(tf.keep(tf.clone(value)));
          }
          return tf.mul(loss.total, input.weight) as tf.Scalar;
        },
        input.parameters.map(({ variable }) => variable),
      );
      const values = parts.map((part) => part.dataSync()[0]);
      tf.dispose(parts);
      const report = Object.fromEntries(names.map((name, i) => [name, values[i]]));
      guard(report, input);
      const gradients = byParameter(input.parameters, grads);
      report['gradient norm'] = input.adam.apply(input.parameters, gradients, input.config, input.rateScale);
      guard(report, input);
      return report;
    });
  } finally {
    disposeBatch(batch);
    tf.dispose(prepared as tf.TensorContainer);
  }
}

function byParameter(parameters: readonly Parameter[], grads: tf.NamedTensorMap): Map<string, tf.Tensor> {
  const found = new Map<string, tf.Tensor>();
  for (const { name, variable } of parameters) {
    const gradient = grads[variable.name] as tf.Tensor | null;
    if (gradient) found.set(name, gradient);
  }
  return found;
}

function guard(report: Record<string, number>, { place, batch }: StepInput): void {
  if (Object.values(report).every(Number.isFinite)) return;
  const parts = Object.entries(report).map(([name, value]) => `${name} ${value}`);
  const users = [...new Set(batch.rows.user)].slice(0, 8).join(', ');
  throw new CocoError(
    `Training stopped at ${place}: a loss or a gradient is not finite (${parts.join(', ')}; users ${users}, …). ` +
      'The last checkpoint is kept; try a lower learning rate or a smaller gradientNorm.',
  );
}
