import { IsIn, IsInt, IsObject, IsOptional, IsString, Min } from 'class-validator';
import { Describe, NamesFile, UsageError, nearestName } from '@coco-rec/core';
import { TextConfig } from '../text-config.js';

/** Keys of every fusion that reads generated text. */
export class GeneratedTextConfig extends TextConfig {
  @Describe('What the items are, in one word of the prompts.')
  @IsString()
  domain = 'product';

  @Describe('Tokens of a generated text at most.')
  @IsInt()
  @Min(1)
  answerTokens = 128;

  @Describe('The newest items of a history that a prompt shows.')
  @IsInt()
  @Min(1)
  shownItems = 15;

  @Describe(
    'Last training interactions of a user that no text may show; rows of training before them take the no-text path.',
  )
  @IsInt()
  @Min(1)
  heldBack = 1;

  @Describe('Users that get a text, drawn by `drawSeed`; the others take the no-text path. Default: all.')
  @IsOptional()
  @IsInt()
  @Min(1)
  users?: number;

  @Describe(
    'With `users`: the most popular items that get a text, beside those of the drawn users. Default: 0.',
  )
  @IsOptional()
  @IsInt()
  @Min(0)
  popularItems?: number;

  @Describe('Seed of the draw of `users`; not the run’s, so that all seeds share the texts.')
  @IsInt()
  @Min(0)
  drawSeed = 1;

  @Describe(
    'Texts that are flagged (they repeat instructions, or lie far from all others): `keep` or `drop` them.',
  )
  @IsIn(['keep', 'drop'])
  flagged: 'keep' | 'drop' = 'keep';

  @Describe('Prompts of your own: Liquid files by the name of the prompt they replace.')
  @IsObject()
  @NamesFile()
  templates: Readonly<Record<string, string>> = {};
}

/** @param names of the fusion's prompts @throws UsageError for a key that does nothing, or a template of no name */
export function checkGeneratedText(config: GeneratedTextConfig, names: readonly string[]): void {
  if (config.popularItems !== undefined && config.users === undefined) {
    throw new UsageError(
      'Config key "fusion.popularItems" does nothing without "fusion.users": all items get a text then.',
    );
  }
  const isTuned = 'tuning' in config && config.tuning !== false;
  if (config.drawSeed !== new GeneratedTextConfig().drawSeed && config.users === undefined && !isTuned) {
    throw new UsageError(
      'Config key "fusion.drawSeed" does nothing without "fusion.users": nobody is drawn then.',
    );
  }
  for (const [name, path] of Object.entries(config.templates)) {
    if (!names.includes(name)) {
      const near = nearestName(name, names) ?? names.join(', ');
      throw new UsageError(`Config key "fusion.templates.${name}" is unknown. Did you mean ${near}?`);
    }
    if (typeof path !== 'string') {
      throw new UsageError(`Config key "fusion.templates.${name}" must be the path of a Liquid file.`);
    }
  }
}
