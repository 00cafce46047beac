import { IsInt, IsNumber, Max, Min } from 'class-validator';
import { Describe } from '@coco-rec/core';

/** Keys of every backbone that is made of transformer blocks; each has its own defaults. */
export abstract class TransformerConfig {
  @Describe('Model width D.')
  @IsInt()
  @Min(1)
  dimension = 64;

  @Describe('Histories are cut to their newest items.')
  @IsInt()
  @Min(1)
  maxLength = 50;

  @Describe('Transformer blocks.')
  @IsInt()
  @Min(1)
  numLayers = 2;

  @Describe('Attention heads; divides `dimension`.')
  @IsInt()
  @Min(1)
  numHeads = 2;

  @Describe('Width of the point-wise feed-forward layer, as a multiple of `dimension`.')
  @IsInt()
  @Min(1)
  feedForwardFactor = 4;

  @Describe('Dropout on embeddings, attention weights and block outputs.')
  @IsNumber()
  @Min(0)
  @Max(0.95)
  dropout = 0.3;
}
