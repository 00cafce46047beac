import type { Random } from '../random.js';
import type { TrainingPart } from '../specification/dataset.js';
import type { RowLoss } from '../specification/row-loss.js';

/** What a loss is built from. Counts are of training interactions only. */
export interface LossContext extends TrainingPart {
  readonly random: Random;
}

/** A loss that `train.loss` can name. */
export interface LossDescriptor<Config extends object = object> {
  readonly id: string;
  /** One line. */
  readonly summary: string;
  readonly paper?: string;
  readonly config: new () => Config;
  /** True where the step's other targets are the negatives: a step is then one block with a constant number of users. */
  usesBatchNegatives?(config: Config): boolean;
  create(config: Config, context: LossContext): RowLoss;
}
