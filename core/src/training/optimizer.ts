import type { TrainConfig } from '../config/run-config.js';
import { Adam } from './adam.js';
import { LazyAdam } from './lazy-adam.js';

/** The optimiser that the config names. */
export function createOptimizer({ optimizer }: Pick<TrainConfig, 'optimizer'>): Adam {
  return optimizer === 'adam-lazy' ? new LazyAdam() : new Adam();
}
