import { readConfig } from '../config/validate.js';
import { UsageError, nearestName } from '../errors.js';
import type { RowLoss } from '../specification/row-loss.js';
import { bceLoss } from './bce.js';
import { gbceLoss } from './gbce.js';
import { infoNCELoss } from './info-nce.js';
import type { LossContext, LossDescriptor } from './loss.js';
import { sampledSoftmaxLoss } from './sampled-softmax.js';
import { softmaxLoss } from './softmax.js';

/** The built-in losses; one line each. */
export const losses: readonly LossDescriptor[] = [
  softmaxLoss,
  sampledSoftmaxLoss,
  infoNCELoss,
  bceLoss,
  gbceLoss,
];

/** @throws UsageError listing the known losses. */
export function findLoss(id: string): LossDescriptor {
  const known = losses.map((loss) => loss.id);
  const found = losses.find((loss) => loss.id === id);
  if (found) return found;
  const near = nearestName(id, known);
  const hint = near ? ` Did you mean "${near}"?` : '';
  throw new UsageError(`There is no loss called "${id}" ("train.loss").${hint} Known: ${known.join(', ')}.`);
}

type LossSetting = string | ({ readonly id: string } & Readonly<Record<string, unknown>>);

function configured(setting: LossSetting): { loss: LossDescriptor; config: object } {
  const { id, ...keys } = typeof setting === 'string' ? { id: setting } : setting;
  const loss = findLoss(id);
  return { loss, config: readConfig(loss.config, keys, 'train.loss') };
}

/**
 * Makes the loss that `train.loss` names: an id, or an id with the keys of the loss.
 * @throws UsageError for an unknown id, an unknown key or a wrong value
 */
export function createLoss(setting: LossSetting, context: LossContext): RowLoss {
  const { loss, config } = configured(setting);
  return loss.create(config, context);
}

/** True where a step's other targets are the negatives. @throws UsageError as `createLoss` */
export function usesBatchNegatives(setting: LossSetting): boolean {
  const { loss, config } = configured(setting);
  return loss.usesBatchNegatives?.(config) ?? false;
}
