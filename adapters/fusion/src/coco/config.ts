import { IsBoolean, IsIn, IsInt, IsNumber, IsOptional, IsString, Max, Min, MinLength } from 'class-validator';
import { Describe } from '@coco-rec/core';
import { TextConfig } from '../text-config.js';
import {
  AlignConfig,
  CodebookConfig,
  ContradictionConfig,
  DecoupleConfig,
  LoraGroup,
  SemanticConfig,
} from './groups.js';
import { IsGroup } from '../group.js';

/** Keys without a value here take that of the preset: see `presets.ts`. */
export class CoCoConfig extends TextConfig {
  @Describe(
    '`default`: what trains well; `paper`: as published wherever that can train. Other keys overrule it.',
  )
  @IsIn(['default', 'paper'])
  preset: 'default' | 'paper' = 'default';

  @Describe(
    'Title vectors join the item vectors as well, as in the fusion `text`. Default true; paper: false.',
  )
  @IsOptional()
  @IsBoolean()
  itemText?: boolean;

  @Describe(
    'The mean title vector of a history joins the state of every row before it is aligned. Default true; paper: false.',
  )
  @IsOptional()
  @IsBoolean()
  userText?: boolean;

  @Describe(
    'One pass of the language model serves the rows at the last positions of a history. Default 4; paper: 1.',
  )
  @IsOptional()
  @IsInt()
  @Min(1)
  fusedPositions?: number;

  @Describe(
    'Share of the histories of a training step that the language model reads; the rest stay bare. Default 1.',
  )
  @IsOptional()
  @IsNumber()
  @Min(0.01)
  @Max(1)
  trainShare?: number;

  @Describe('The newest items whose titles are read. Default 16.')
  @IsOptional()
  @IsInt()
  @Min(1)
  maxTitles?: number;

  @Describe('`title`: one vector a title; `token`: the tokens of each title, a control. Default title.')
  @IsOptional()
  @IsIn(['title', 'token'])
  granularity?: 'title' | 'token';

  @Describe('With `granularity: token`, tokens of a title at most. Default 12.')
  @IsOptional()
  @IsInt()
  @Min(1)
  maxTitleTokens?: number;

  @Describe('Histories that the language model reads at a time. Default 64.')
  @IsOptional()
  @IsInt()
  @Min(1)
  microBatch?: number;

  @Describe(
    'Soft prompts of the codebook; false: the fixed prompt `promptText` for everyone (ablation). Default true.',
  )
  @IsOptional()
  @IsBoolean()
  soft?: boolean;

  @Describe('With `soft: false`, the fixed prompt. Has a default.')
  @IsOptional()
  @IsString()
  @MinLength(1)
  promptText?: string;

  @Describe(
    "Weight α of the auxiliary loss, the recommendation loss on the backbone's own states of fused rows. Default 0.2.",
  )
  @IsOptional()
  @IsNumber()
  @Min(0)
  auxiliaryWeight?: number;

  @Describe('Weight β of the orthogonality loss of the codebook. Default 0.15.')
  @IsOptional()
  @IsNumber()
  @Min(0)
  orthogonalityWeight?: number;

  @Describe('Weight γ of the quantisation loss of the codebook. Default 0.25.')
  @IsOptional()
  @IsNumber()
  @Min(0)
  quantisationWeight?: number;

  @Describe('The codebook of soft prompts: a group of keys.', CodebookConfig)
  @IsOptional()
  @IsGroup(CodebookConfig)
  codebook?: CodebookConfig;

  @Describe('Decoupling by cross-attention: a group of keys, or false for none (ablation).', DecoupleConfig)
  @IsOptional()
  @IsGroup(DecoupleConfig, true)
  decouple?: DecoupleConfig | boolean;

  @Describe('Alignment with the user state: a group of keys.', AlignConfig)
  @IsOptional()
  @IsGroup(AlignConfig)
  align?: AlignConfig;

  @Describe(
    'Learning from rows that knowledge did not help: a group of keys, or false for all rows alike (ablation).',
    ContradictionConfig,
  )
  @IsOptional()
  @IsGroup(ContradictionConfig, true)
  contradiction?: ContradictionConfig | boolean;

  @Describe('LoRA weights of the language model: a group of keys, or false for a frozen model.', LoraGroup)
  @IsOptional()
  @IsGroup(LoraGroup, true)
  lora?: LoraGroup | boolean;

  @Describe('A semantic objective for the language model side: a group of keys.', SemanticConfig)
  @IsOptional()
  @IsGroup(SemanticConfig)
  semantic?: SemanticConfig;
}
