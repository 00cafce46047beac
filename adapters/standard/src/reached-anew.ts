/** Keys of a saved model's config that may be set anew: how something outside is reached, such as a service that has moved. */
import { type Registry, type RunConfig, UsageError, keysOfReach } from '@coco-rec/core';
import { type PlainConfig, applyOverrides } from './load-config.js';
import { splitSetting } from './session.js';

/**
 * @param set overrides, "backbone.url=https://…"
 * @throws UsageError for a key that decides what was trained
 */
export function reachedAnew(config: RunConfig, set: readonly string[], registry: Registry): RunConfig {
  if (set.length === 0) return config;
  const { id } = splitSetting(config.backbone);
  const unit = registry.find('backbone', id);
  const keys = unit ? keysOfReach(unit.config).map((key) => `backbone.${key}`) : [];
  for (const override of set) {
    const key = override.split('=')[0].trim();
    if (keys.includes(key)) continue;
    throw new UsageError(
      `--set ${override} goes with a config file; of a trained model with the backbone "${id}" ` +
        (keys.length > 0 ? `only these may be set anew: ${keys.join(', ')}.` : 'nothing may be set anew.'),
    );
  }
  return applyOverrides(config as unknown as PlainConfig, set) as unknown as RunConfig;
}
