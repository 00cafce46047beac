import { IsInt, IsNumber, Max, Min } from 'class-validator';
import { Describe, readConfig } from '@coco-rec/core';
import { IsGroup } from '../group.js';
import { AugmentedConfig } from '../texts/augmented-fusion.js';

/** How actor and reflector are tuned. */
export class R4ecTuningConfig {
  @Describe(
    'Users whose choices the pairs are made from, drawn by `drawSeed` from all, whatever `users` says.',
  )
  @IsInt()
  @Min(2)
  users = 200;

  @Describe('Rank r of LoRA.')
  @IsInt()
  @Min(1)
  rank = 8;

  @Describe('α: the update is scaled by α / r.')
  @IsNumber()
  @Min(0)
  alpha = 16;

  @Describe('Dropout on the input of LoRA.')
  @IsNumber()
  @Min(0)
  @Max(0.95)
  dropout = 0.05;

  @Describe('Learning rate at its height.')
  @IsNumber()
  @Min(0)
  learningRate = 1e-4;

  @Describe('Times that all pairs are learnt from.')
  @IsInt()
  @Min(1)
  epochs = 3;

  @Describe('Pairs a step.')
  @IsInt()
  @Min(1)
  batchSize = 16;

  @Describe('Pairs with more tokens, prompt and answer together, are left out.')
  @IsInt()
  @Min(2)
  @Max(4096)
  maxTokens = 1024;
}

export class R4ecConfig extends AugmentedConfig {
  @Describe('Experts of each side’s own.')
  @IsInt()
  @Min(1)
  override specificExperts = 6;

  @Describe('Times that a thought is judged and refined at most; 0: thinking alone.')
  @IsInt()
  @Min(0)
  rounds = 1;

  @Describe(
    'Actor and reflector are tuned by LoRA: a group of keys, or true; false: prompt-only, as they are.',
    R4ecTuningConfig,
  )
  @IsGroup(R4ecTuningConfig, true)
  tuning: Partial<R4ecTuningConfig> | boolean = false;
}

/** The keys of `tuning` with their defaults; undefined: prompt-only. */
export function tuningOf({ tuning }: Pick<R4ecConfig, 'tuning'>): R4ecTuningConfig | undefined {
  if (tuning === false) return undefined;
  return readConfig(R4ecTuningConfig, tuning === true ? {} : tuning, 'fusion.tuning');
}
