import { ValidateBy } from 'class-validator';
import { UsageError, readConfig } from '@coco-rec/core';

/**
 * The key holds a group of keys of its own, described by a config class.
 * @param orSwitch true or false is allowed as well: the whole part on or off
 */
export function IsGroup(group: new () => object, orSwitch = false): PropertyDecorator {
  const problem = (value: unknown, key: string): string | undefined => {
    if (orSwitch && typeof value === 'boolean') return undefined;
    try {
      readConfig(group, value, `fusion.${key}`);
      return undefined;
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      return error.message.replace(/\.$/, '');
    }
  };
  return ValidateBy({
    name: 'isGroup',
    validator: {
      validate: (value, args) => problem(value, args?.property ?? '') === undefined,
      defaultMessage: (args) => problem(args?.value, args?.property ?? '') ?? '',
    },
  });
}
