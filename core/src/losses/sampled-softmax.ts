import { IsBoolean, IsIn, IsInt, IsNumber, Max, Min } from 'class-validator';
import * as tf from '@tensorflow/tfjs-core';
import { Describe } from '../config/describe.js';
import { Random } from '../random.js';
import type { RowLoss } from '../specification/row-loss.js';
import { sampledSoftmax } from '../tensor/sampled-softmax.js';
import type { LossContext, LossDescriptor } from './loss.js';
import { NegativeSampler, type NegativeSource } from './negatives.js';
import { Positives } from './positives.js';

export class SampledSoftmaxLossConfig {
  @Describe(
    'Negatives: `uniform`, `popularity` (training counts to a power), `in-batch`, or `mixed` (in-batch and uniform).',
  )
  @IsIn(['uniform', 'popularity', 'in-batch', 'mixed'])
  negatives: NegativeSource = 'uniform';

  @Describe('Negatives drawn a step, shared by its rows; `in-batch` draws none.')
  @IsInt()
  @Min(1)
  count = 256;

  @Describe('The power of `popularity`.')
  @IsNumber()
  @Min(0)
  @Max(2)
  power = 0.75;

  @Describe('Subtract log of the expected count of each item among the negatives from its score.')
  @IsBoolean()
  logQ = true;

  @Describe("Leave out negatives that are the row's target or another training item of its user.")
  @IsBoolean()
  maskPositives = true;
}

export const sampledSoftmaxLoss: LossDescriptor<SampledSoftmaxLossConfig> = {
  id: 'sampled-softmax',
  summary: 'Cross-entropy of the target against sampled items, with the logQ correction.',
  paper: 'Bengio and Senécal 2008; Yi et al. 2019, Sampling-bias-corrected neural modeling (RecSys)',
  config: SampledSoftmaxLossConfig,
  usesBatchNegatives: ({ negatives }) => negatives === 'in-batch' || negatives === 'mixed',
  create: createSampledSoftmax,
};

function createSampledSoftmax(config: SampledSoftmaxLossConfig, context: LossContext): RowLoss {
  const sampler = new NegativeSampler(context, { ...config, source: config.negatives });
  const positives = new Positives(context);
  return (states, rows, items, pass) => {
    // Prediction has no step: its negatives are always the same.
    const random = pass.training ? new Random(pass.nextKey()) : context.random.derive('validation');
    const ids = sampler.sample(rows, random); // [N]
    const correction = (of: Int32Array): tf.Tensor1D | undefined =>
      config.logQ ? tf.tensor1d(sampler.logExpected(of, rows.count)) : undefined;
    return sampledSoftmax(
      states,
      items.gather(tf.tensor1d(rows.target, 'int32')), // [P, D]
      items.gather(tf.tensor1d(ids, 'int32')), // [N, D]
      {
        positiveCorrection: correction(rows.target),
        negativeCorrection: correction(ids),
        excluded: config.maskPositives ? positives.excluded(rows, ids) : undefined,
      },
    );
  };
}
