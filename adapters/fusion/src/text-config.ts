import { IsIn, IsInt, Min } from 'class-validator';
import { Describe } from '@coco-rec/core';

/** `placebo` and `random` are the controls that a claim must beat; see `ItemText` and the descriptors. */
export type Control = 'none' | 'placebo' | 'random';

/** Keys of every fusion that reads item texts. */
export class TextConfig {
  @Describe('Title vectors are whitened to this many dimensions; 0: not whitened, only centred and scaled.')
  @IsInt()
  @Min(0)
  textWidth = 128;

  @Describe(
    'Control experiment: `placebo` deals the titles to other items at random, the same in training and test; ' +
      '`random` takes a language model with random weights.',
  )
  @IsIn(['none', 'placebo', 'random'])
  control: Control = 'none';
}

/** Keys that a fusion's control changes in the section `knowledge`. */
export function controlKeys({ control }: TextConfig): Readonly<Record<string, unknown>> {
  return control === 'random' ? { randomWeights: true } : {};
}
