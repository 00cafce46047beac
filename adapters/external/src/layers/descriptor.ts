import { IsString } from 'class-validator';
import { type BackboneDescriptor, Describe, NamesFile, defaultBackboneCapabilities } from '@coco-rec/core';
import { LayersBackbone, LayersCodeConfig } from './layers.js';
import type { BuildLayers } from './layers-model.js';
import { readLayersModel } from './read-layers-model.js';

export class LayersConfig extends LayersCodeConfig {
  @Describe('The model, a tfjs `model.json` with its weight files beside it: [B, T, D] in, [B, T, D] out.')
  @IsString()
  @NamesFile()
  model!: string;
}

export const layers: BackboneDescriptor<LayersConfig> = {
  kind: 'backbone',
  id: 'layers',
  specVersion: 'v1',
  summary: 'A model of the tfjs layers API (Keras style), from a model.json; it is trained on.',
  config: LayersConfig,
  capabilities: defaultBackboneCapabilities,
  create: (config) =>
    new LayersBackbone(config, {
      id: 'layers',
      build: () => readLayersModel(config.model),
      keepsWeights: true,
      file: config.model,
    }),
};

/**
 * A backbone from a layers model that your code builds: hand it to `createRecommender` in `units`, and name its id in the
 * config.
 * @param unit.build makes the model, [B, T, D] in, [B, T, D] out
 * @param unit.keepsWeights its weights begin as built; default: matrices are drawn again from the seed
 */
export function layersUnit(unit: {
  readonly id: string;
  readonly summary?: string;
  readonly build: BuildLayers;
  readonly keepsWeights?: boolean;
}): BackboneDescriptor<LayersCodeConfig> {
  const { id, build, summary = 'A layers model of your own.', keepsWeights = false } = unit;
  return {
    ...layers,
    id,
    summary,
    config: LayersCodeConfig,
    create: (config) => new LayersBackbone(config, { id, build, keepsWeights }),
  };
}
