import { IsInt, IsNumber, Max, Min } from 'class-validator';
import { Describe } from '../config/describe.js';
import { binaryLoss } from './bce.js';
import type { LossDescriptor } from './loss.js';

/**
 * gSASRec's generalised binary cross-entropy: the target's probability is σ(s)^β with β = 1 − t · (1 − α), α = K / (V − 1)
 * the share of the items that are drawn, which takes back the overconfidence that negative sampling causes.
 *
 * −log σ(s)^β is β times −log σ(s), so the power is a weight of the positive term. The authors (github.com/asash/gSASRec-pytorch)
 * turn σ^β into a logit in float64 and clamp it; this is the same in float32 and needs no clamp. Deviation: a negative is
 * never an item that the user has had in training; the authors draw from all. Their SASRec has by default an output table
 * apart from the input's and no √D before the positions; here a backbone's own items are both.
 */
export class GBCELossConfig {
  @Describe(
    'K, negatives of each row. A step computes K times its rows: lower `train.tokensPerStep` if memory is short.',
  )
  @IsInt()
  @Min(1)
  negatives = 256;

  @Describe('The calibration t, from 0 (plain binary cross-entropy) to 1 (the full correction).')
  @IsNumber()
  @Min(0)
  @Max(1)
  calibration = 0.75;
}

export const gbceLoss: LossDescriptor<GBCELossConfig> = {
  id: 'gbce',
  summary: 'Binary cross-entropy with many negatives, calibrated for their sampling (gSASRec).',
  paper:
    'Petrov and Macdonald, "gSASRec: Reducing Overconfidence in Sequential Recommendation…", RecSys 2023',
  config: GBCELossConfig,
  create: ({ negatives, calibration }, context) => {
    const sampled = negatives / Math.max(1, context.dataset.itemCount - 1); // α
    return binaryLoss({ negatives, positiveWeight: 1 - calibration * (1 - sampled) }, context);
  },
};
