import 'reflect-metadata';
import { type ValidationError, validateSync } from 'class-validator';
import { UsageError, nearestName } from '../errors.js';
import { describedKeys } from './describe.js';

/**
 * Makes a config object from plain data: defaults of the class, overwritten by `plain`, then checked.
 * @param where the section's place in the config file, "train" or "fusion"; '' for the top.
 * @throws UsageError naming an unknown key (with the nearest known one) or a key with a wrong value.
 */
export function readConfig<Config extends object>(
  configClass: new () => Config,
  plain: unknown,
  where: string,
): Config {
  const place = where === '' ? 'The config' : `"${where}"`;
  if (plain === null || typeof plain !== 'object' || Array.isArray(plain)) {
    throw new UsageError(`${place} must be a group of keys, not ${JSON.stringify(plain) ?? 'nothing'}.`);
  }
  const known = describedKeys(configClass).map(({ key }) => key);
  for (const key of Object.keys(plain)) {
    if (!known.includes(key)) throw unknownKey(key, known, where);
  }
  const config = Object.assign(new configClass(), plain);
  const [error] = validateSync(config, { forbidUnknownValues: false });
  if (error) throw wrongValue(error, where);
  return config;
}

function unknownKey(key: string, known: readonly string[], where: string): UsageError {
  const near = nearestName(key, known);
  const hint = near ? `Did you mean "${near}"?` : `Known keys: ${known.join(', ') || 'none'}.`;
  return new UsageError(`Unknown config key "${where ? `${where}.` : ''}${key}". ${hint}`);
}

function wrongValue(error: ValidationError, where: string): UsageError {
  const key = `${where ? `${where}.` : ''}${error.property}`;
  // In the order from the property upwards: the last is the decorator on top, which tells the type.
  const reasons = Object.values(error.constraints ?? {});
  const value = JSON.stringify(error.value) ?? 'missing';
  const reason = reasons.at(-1) ?? 'it has a wrong form';
  return new UsageError(`Config key "${key}" is ${value}: ${reason}.`);
}
