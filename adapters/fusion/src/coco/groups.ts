/** The groups of keys inside CoCo's config. A key without a value takes that of the preset. */
import { IsBoolean, IsIn, IsInt, IsNumber, IsOptional, Max, Min } from 'class-validator';
import { Describe } from '@coco-rec/core';

export class CodebookConfig {
  @Describe('K, the number of soft prompts. Default 64.')
  @IsOptional()
  @IsInt()
  @Min(2)
  size?: number;

  @Describe('Prompts that every user gets beside the selected ones. Default 2.')
  @IsOptional()
  @IsInt()
  @Min(1)
  shared?: number;

  @Describe('θ: prompts above it are selected. Default 0.45.')
  @IsOptional()
  @IsNumber()
  threshold?: number;

  @Describe('Selected prompts of a user at most. Default 6; paper: 30.')
  @IsOptional()
  @IsInt()
  @Min(1)
  maxPrompts?: number;

  @Describe(
    'What is compared with θ: `cosine` of query and centred prompt, `relative`: softmax over its largest value, ' +
      '`softmax`: the softmax itself, which selects none of 64 prompts at the default θ. Default cosine.',
  )
  @IsOptional()
  @IsIn(['cosine', 'relative', 'softmax'])
  rule?: 'cosine' | 'relative' | 'softmax';

  @Describe('Temperature of the softmax of the rule `relative`. Default 0.05.')
  @IsOptional()
  @IsNumber()
  @Min(0.001)
  temperature?: number;

  @Describe(
    'First prompts: `queries`, k-means of the queries; `prompts`, encoded texts. Default queries; paper: prompts.',
  )
  @IsOptional()
  @IsIn(['queries', 'prompts'])
  init?: 'queries' | 'prompts';

  @Describe(
    '`squared`: mean squared cosine of pairs; `literal`: sum of cosines, eq. 6 as written. Default squared.',
  )
  @IsOptional()
  @IsIn(['squared', 'literal'])
  orthogonality?: 'squared' | 'literal';

  @Describe(
    '`unit`: on unit vectors, of the nearest prompt only; `literal`: ‖e − z‖² of every selected one, as written. Default ' +
      'unit; paper: literal.',
  )
  @IsOptional()
  @IsIn(['unit', 'literal'])
  quantisation?: 'unit' | 'literal';

  @Describe(
    'Prompts that nobody selected in an epoch are put at queries that lie far from all prompts. Default true.',
  )
  @IsOptional()
  @IsBoolean()
  reseed?: boolean;
}

export class DecoupleConfig {
  @Describe("Width of the knowledge path before it meets the user state; 0: the backbone's D. Default 0.")
  @IsOptional()
  @IsInt()
  @Min(0)
  width?: number;

  @Describe('Dropout on the decoupled knowledge. Default 0.')
  @IsOptional()
  @IsNumber()
  @Min(0)
  @Max(0.95)
  dropout?: number;
}

export class AlignConfig {
  @Describe(
    'True: h = h_RS + g ⊙ x, g from 0; false: x replaces h_RS, as published. Default true; paper: false.',
  )
  @IsOptional()
  @IsBoolean()
  residual?: boolean;

  @Describe(
    "Attention heads; must divide the backbone's dimension. Default 4, or the largest number below that does.",
  )
  @IsOptional()
  @IsInt()
  @Min(1)
  heads?: number;

  @Describe("The gate also depends on the history's length. Default false.")
  @IsOptional()
  @IsBoolean()
  lengthGate?: boolean;
}

export class ContradictionConfig {
  @Describe(
    'What a row that knowledge helped (M = 1) does not teach: `llm`, the language model and its input; `lora`, its ' +
      'LoRA weights only; `aligned`, everything behind the aligned state, eq. 9 as written. Default llm; paper: aligned.',
  )
  @IsOptional()
  @IsIn(['llm', 'lora', 'aligned'])
  scope?: 'llm' | 'lora' | 'aligned';

  @Describe('M counts, and the language model learns, once mean |g| is above this. Default 0.01; paper: 0.')
  @IsOptional()
  @IsNumber()
  @Min(0)
  startGate?: number;
}

export class LoraGroup {
  @Describe('Rank r. Default 8.')
  @IsOptional()
  @IsInt()
  @Min(1)
  rank?: number;

  @Describe('α: the update is scaled by α / r. Default 16.')
  @IsOptional()
  @IsNumber()
  @Min(0)
  alpha?: number;

  @Describe('Dropout on the input of LoRA. Default 0.05.')
  @IsOptional()
  @IsNumber()
  @Min(0)
  @Max(0.95)
  dropout?: number;
}

export class SemanticConfig {
  @Describe(
    "Weight of the objective: knowledge predicts the next item's title vector among the batch's. Default 0.",
  )
  @IsOptional()
  @IsNumber()
  @Min(0)
  weight?: number;

  @Describe('Temperature of its softmax. Default 0.07.')
  @IsOptional()
  @IsNumber()
  @Min(0.001)
  temperature?: number;
}
