import { IsBoolean, IsNumber, IsPositive } from 'class-validator';
import * as tf from '@tensorflow/tfjs-core';
import { Describe } from '../config/describe.js';
import type { RowLoss } from '../specification/row-loss.js';
import { l2Normalise } from '../tensor/normalise.js';
import { sampledSoftmax } from '../tensor/sampled-softmax.js';
import type { LossContext, LossDescriptor } from './loss.js';
import { NegativeSampler } from './negatives.js';
import { Positives } from './positives.js';

export class InfoNCELossConfig {
  @Describe('Scores are divided by this.')
  @IsNumber()
  @IsPositive()
  temperature = 1;

  @Describe(
    'Score by the cosine. Only for a backbone that ranks by the cosine as well; a temperature of its own then does nothing.',
  )
  @IsBoolean()
  normalise = false;

  @Describe("Leave out the batch's targets that are the row's target or another training item of its user.")
  @IsBoolean()
  maskPositives = true;

  @Describe("Correct for the targets' popularity (not in the paper).")
  @IsBoolean()
  logQ = false;
}

export const infoNCELoss: LossDescriptor<InfoNCELossConfig> = {
  id: 'info-nce',
  summary:
    "Cross-entropy of the target against the batch's other targets, with a temperature (CoCo's eq. 1).",
  paper: 'van den Oord et al. 2018, Representation learning with contrastive predictive coding',
  config: InfoNCELossConfig,
  usesBatchNegatives: () => true,
  create: createInfoNCE,
};

function createInfoNCE(config: InfoNCELossConfig, context: LossContext): RowLoss {
  const sampler = new NegativeSampler(context, { source: 'in-batch', count: 0, power: 1 });
  const positives = new Positives(context);
  return (states, rows, items) => {
    const own = items.gather(tf.tensor1d(rows.target, 'int32')); // [P, D]
    const vectors = config.normalise ? l2Normalise(own) : own; // [P, D]
    const queries = tf.div(
      config.normalise ? l2Normalise(states) : states,
      config.temperature,
    ) as tf.Tensor2D; // [P, D]
    const correction = config.logQ ? tf.tensor1d(sampler.logExpected(rows.target, rows.count)) : undefined; // [P]
    // Without the mask the diagonal still goes: the positive is in the sum by itself.
    const excluded = config.maskPositives ? positives.excluded(rows, rows.target) : diagonal(rows.count);
    return sampledSoftmax(queries, vectors, vectors, {
      positiveCorrection: correction,
      negativeCorrection: correction,
      excluded,
    });
  };
}

function diagonal(size: number): Int32Array {
  return Int32Array.from({ length: size }, (_, i) => i * size + i);
}
